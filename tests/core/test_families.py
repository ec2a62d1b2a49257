"""Which root a process belongs to."""

from hypothesis import given
from hypothesis import strategies as st

from joulebook.core.families import Process, families


def table(**parents: int) -> dict[int, Process]:
    """Processes by id (`p51=50`: 51 below 50), all started at tick 1."""
    return {int(name[1:]): Process(parent, 0, 1) for name, parent in parents.items()}


def roots_of(found: dict[int, tuple[int, int]]) -> dict[int, int]:
    return {pid: root for pid, (root, _) in found.items()}


def test_all_below_a_root_belong_to_it_and_others_to_nobody() -> None:
    seen = table(p1=0, p50=1, p51=50, p7=51, p60=1)
    assert roots_of(families(seen, {50}, {})) == {50: 50, 51: 50, 7: 50}


def test_a_process_belongs_to_the_nearest_root() -> None:
    seen = table(p50=1, p51=50, p52=51, p53=50)
    assert roots_of(families(seen, {50, 51}, {})) == {50: 50, 51: 51, 52: 51, 53: 50}


def test_a_root_that_left_has_nobody_new() -> None:
    assert families(table(p51=50), {50}, {}) == {}


def test_an_orphan_stays_with_the_root_it_had() -> None:
    before = families(table(p50=1, p51=50), {50}, {})
    assert roots_of(families(table(p50=1, p51=1), {50}, before)) == {50: 50, 51: 50}


def test_a_later_process_with_the_same_id_is_another_one() -> None:
    before = families(table(p50=1, p51=50), {50}, {})
    later = {50: Process(1, 0, 1), 51: Process(1, 0, 2)}
    assert roots_of(families(later, {50}, before)) == {50: 50}


def test_an_orphan_leaves_with_the_root_that_is_tracked_no_more() -> None:
    before = families(table(p50=1, p51=50), {50}, {})
    assert families(table(p50=1, p51=1), set(), before) == {}


def test_a_circle_of_parents_ends() -> None:
    assert families(table(p50=51, p51=50), set(), {}) == {}
    assert roots_of(families(table(p50=51, p51=50), {50}, {})) == {50: 50, 51: 50}


@given(
    st.dictionaries(st.integers(1, 30), st.integers(0, 30), max_size=30),
    st.sets(st.integers(1, 30), max_size=5),
)
def test_every_process_has_the_root_that_walking_up_finds(
    parents: dict[int, int], roots: set[int]
) -> None:
    seen = {pid: Process(parent, 0, 1) for pid, parent in parents.items()}
    found = roots_of(families(seen, roots, {}))
    for pid in parents:
        at, passed = pid, set()
        while at in parents and at not in roots and at not in passed:
            passed.add(at)
            at = parents[at]
        expected = at if at in roots and at in parents else None
        assert found.get(pid) == expected
