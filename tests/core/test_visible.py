"""Which GPUs a process sees, as CUDA reads its variable."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joulebook.core.visible import Card, Visible, visible

CARDS = [
    Card("GPU-aaaa-1", "H100", (("MIG-m1", (3, 0)), ("MIG-m2", (9, 0)))),
    Card("GPU-aabb-2", "H100"),
    Card("GPU-cccc-3", "H100"),
]
MIXED = [Card("GPU-a", "T4"), Card("GPU-b", "H100")]


def uids(text: str | None) -> tuple[str, ...]:
    return visible(text, CARDS, by_pci=False).uids


def test_an_unset_variable_shows_all() -> None:
    assert uids(None) == ("GPU-aaaa-1", "GPU-aabb-2", "GPU-cccc-3")


@pytest.mark.parametrize("text", ["", "-1", " ", "NoDevFiles"])
def test_an_empty_list_and_one_that_begins_with_nothing_show_none(text: str) -> None:
    assert uids(text) == ()


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("2,0", ("GPU-cccc-3", "GPU-aaaa-1")),
        (" 1 , 2 ", ("GPU-aabb-2", "GPU-cccc-3")),
        ("GPU-cccc-3", ("GPU-cccc-3",)),
        ("GPU-c", ("GPU-cccc-3",)),
        ("MIG-m2", ("MIG-m2",)),
        ("MIG-GPU-aaaa-1/3/0", ("MIG-m1",)),
        ("1,GPU-aaaa", ("GPU-aabb-2", "GPU-aaaa-1")),
    ],
)
def test_indices_uuids_and_instances_are_resolved_in_their_order(
    text: str, seen: tuple[str, ...]
) -> None:
    assert visible(text, CARDS, by_pci=True) == Visible(seen)


@pytest.mark.parametrize(
    "wrong",
    ["3", "-1", "GPU-aa", "GPU-x", "MIG-", "MIG-GPU-aaaa-1/3", "MIG-GPU-aaaa-1/7/7", "aaaa", "1.0"],
)
def test_the_list_ends_where_an_entry_names_no_single_device(wrong: str) -> None:
    answer = visible(f"0,{wrong},1", CARDS, by_pci=True)
    assert answer.uids == ("GPU-aaaa-1",)
    assert repr(wrong) in (answer.problem or "")


def test_a_device_that_is_named_twice_ends_the_list() -> None:
    answer = visible("1,GPU-aabb,0", CARDS, by_pci=True)
    assert answer.uids == ("GPU-aabb-2",)
    assert "named already" in (answer.problem or "")


def test_an_index_among_several_products_is_certain_only_in_the_order_of_the_bus() -> None:
    assert visible("0", MIXED, by_pci=True).problem is None
    assert "CUDA_DEVICE_ORDER" in (visible("0", MIXED, by_pci=False).problem or "")
    assert visible("GPU-a", MIXED, by_pci=False).problem is None


@given(st.text(alphabet="0123456789GPUMIGabc-,/ ", max_size=40))
def test_whatever_it_says_no_device_is_seen_twice_or_made_up(text: str) -> None:
    seen = uids(text)
    known = {"MIG-m1", "MIG-m2", *(card.uid for card in CARDS)}
    assert len(set(seen)) == len(seen)
    assert set(seen) <= known
