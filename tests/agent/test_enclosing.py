"""Which spans are around a process."""

from joulebook.agent.enclosing import Enclosing
from joulebook.core.families import Process, families
from joulebook.metering.span import Labels, Span

# A shell runs a script, and that a server with two workers; another runs beside them.
TABLE = {pid: Process(parent, 0, 0) for pid, parent in ((40, 1), (50, 40), (60, 50), (61, 60))}
TABLE[70] = Process(1, 0, 0)


def span(uid: str, pid: int, parent: Span | None = None) -> Span:
    return Span(uid, Labels(), parent=parent, pid=pid)


def around(*pids: int, spans: list[Span]) -> list[str]:
    kin = families(TABLE, {one.pid for one in spans}, {})
    return [one.uid for one in Enclosing(TABLE, spans, kin).around(pids)]


def test_those_of_the_process_and_of_all_above_it_are_around_the_innermost_first() -> None:
    outer, middle = span("outer", 40), span("middle", 50)
    inner = span("inner", 50, middle)
    assert around(60, spans=[outer, middle, inner]) == ["inner", "middle", "outer"]
    assert around(40, spans=[outer, middle, inner]) == ["outer"]
    assert around(70, spans=[outer, middle, inner]) == []


def test_of_several_side_by_side_only_what_encloses_them_all_is_around() -> None:
    outer, middle = span("outer", 40), span("middle", 50)
    threads = [span(uid, 50, middle) for uid in "ab"]
    assert around(60, spans=[outer, middle, *threads]) == ["middle", "outer"]
    assert around(60, spans=[outer, *(span(uid, 50) for uid in "ab")]) == ["outer"]


def test_an_enclosing_one_that_ended_first_is_around_no_more() -> None:
    ended = span("ended", 50)
    assert around(60, spans=[span("inner", 50, ended)]) == ["inner"]


def test_of_several_processes_what_is_around_all_of_them_counts() -> None:
    spans = [span("outer", 50), span("inner", 61)]
    assert around(60, 61, spans=spans) == ["outer"]
    assert around(60, 70, spans=spans) == []
    assert around(spans=spans) == []
