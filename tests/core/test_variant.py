"""What was done to a model."""

import pytest

from joulebook.core.variant import METHODS, Variant, as_variant


def test_a_label_alone_is_a_baseline() -> None:
    assert Variant("float32").method == ()


def test_methods_given_as_a_list_become_a_tuple() -> None:
    assert Variant("int8", method=["quantization"]).method == ("quantization",)


def test_one_method_may_be_given_as_a_string() -> None:
    assert Variant("int8", method="quantization") == Variant("int8", method=("quantization",))


def test_methods_keep_their_order() -> None:
    assert Variant("x", method=("quantization", "pruning")).method == ("quantization", "pruning")


@pytest.mark.parametrize("method", METHODS)
def test_every_known_method_is_taken(method: str) -> None:
    assert Variant("x", method=(method,)).method == (method,)


@pytest.mark.parametrize("label", ["", " ", "\t\n"], ids=["empty", "space", "blank"])
def test_a_variant_needs_a_label(label: str) -> None:
    with pytest.raises(ValueError, match="needs a label"):
        Variant(label)


def test_an_unknown_method_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match=r"unknown method 'magic'; known are quantization, "):
        Variant("x", method=("magic",))


def test_equal_variants_are_one_key() -> None:
    assert len({Variant("x", method=["pruning"]), Variant("x", method=("pruning",))}) == 1


def test_a_string_is_a_variant_with_that_label() -> None:
    assert as_variant("W4A16") == Variant("W4A16")


def test_no_variant_stays_none() -> None:
    assert as_variant(None) is None


def test_a_variant_stays_itself() -> None:
    variant = Variant("x", scheme="W8A8", parent="float32")
    assert as_variant(variant) is variant
