"""What a user gives: one bad label or number costs itself alone."""

import logging

import pytest
from tests.tracking.processes import BURN, python

from joulebook.core.variant import Variant
from joulebook.tracking.given import kind_of, numbers_of, text_of, variant_of

TWO = """
    import joulebook
    with joulebook.track(model="first", variant=8, summary=False) as first: burn(0.5)
    with joulebook.track(model="second", variant="ok", summary=False) as second: burn(0.5)
    print(first.energy_uj > 0, second.energy_uj > 0)
"""


@pytest.mark.parametrize("given", [8, {"label": "int8"}, "", "  ", b"int8"])
def test_a_variant_that_is_none_is_left_out_and_said(
    given: object, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "joulebook"):
        assert variant_of(given) is None
    assert "variant=" in caplog.text


def test_a_label_alone_is_a_variant() -> None:
    assert variant_of("int8") == Variant("int8")


def test_a_variant_keeps_what_it_says() -> None:
    whole = Variant("W4A16", method=["quantization"], scheme="W4A16", parent="bf16")
    assert variant_of(whole) == whole


def test_numbers_that_are_none_are_left_out_and_the_others_kept(
    caplog: pytest.LogCaptureFixture,
) -> None:
    given = {"a": 1, "b": "x", "c": float("nan"), "d": 10**400, "e": 2.5, "f": None}
    with caplog.at_level(logging.WARNING, "joulebook"):
        assert numbers_of("quality", given) == {"a": 1, "e": 2.5}
    assert "quality 'b'" in caplog.text


def test_work_below_nothing_is_left_out() -> None:
    assert numbers_of("work", {"samples": -1, "steps": 2}, least=0) == {"steps": 2}


def test_what_is_no_mapping_is_named(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "joulebook"):
        assert numbers_of("work", 5) == {}
    assert "work=5" in caplog.text


def test_an_unknown_kind_is_other() -> None:
    assert kind_of("cooking") == "other"


def test_a_text_fits_the_wire() -> None:
    assert text_of("a\x00b") == "ab"
    assert text_of("x" * 9_999) == "x" * 512


def test_a_job_with_a_bad_variant_is_measured_and_so_is_the_next_one(
    environment: dict[str, str],
) -> None:
    assert python(BURN + TWO, environment).stdout.split() == ["True", "True"]


def test_a_nap_is_said_to_have_used_nothing_that_a_sensor_can_tell(
    environment: dict[str, str],
) -> None:
    code = """
        import joulebook, time
        with joulebook.track(name="nap") as run: time.sleep(0.3)
        print(run.energy_uj)
    """
    done = python(code, environment)
    if done.stdout.strip() == "0":
        assert "no use that a sensor can tell" in done.stderr
    assert "±0 %" not in done.stderr
