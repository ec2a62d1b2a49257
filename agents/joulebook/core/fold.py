"""The ledger of one device and quarter hour, from all windows that any reporter sent.

Several reporters can watch one device: an agent, and trackers in processes beside it. One of them
is the meter at any instant, and its energy counts. What the others say is a *claim*: it tells whose
the energy was, and never adds a microjoule. The result depends on the set of windows alone, not on
the order in which they arrived.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from joulebook.core.attribute import Bucket, largest_remainder

Key = tuple[str, ...]

#: The method of energy that another tool told.
EXTERNAL = "external"
#: Buckets a claim may take from, in this order, after the claimed job's own parent.
_OPEN = (Bucket.SYSTEM, Bucket.IDLE, Bucket.UNKNOWN)


@dataclass(frozen=True, slots=True)
class BookedPart:
    """A part of a window: bucket, job (empty without one), its parent, energy in µJ."""

    bucket: str
    job_uid: str
    parent_uid: str | None
    energy_uj: int


@dataclass(frozen=True, slots=True)
class MeterWindow:
    """A window as one reporter sent it.

    Attributes:
        key: Identity of the window, unique in a fold; breaks ties.
        role: ``agent`` or ``tracker``; an agent comes first.
        reporter: Who measured: the agent's id and the epoch of its spool.
        start_us, end_us: Half-open interval, µs since the Unix epoch.
        energy_uj: Energy, µJ; the parts sum to it.
        observed_us: Observed time, µs.
        method: How it was measured.
        err_sys_uj, err_rand_uj: Systematic and random error, µJ.
        parts: Where the reporter booked it.
        counter_start_uj, counter_end_uj: Counter, µJ; None where the method has none.
        boot_id: Boot of the host; counters compare within one alone.
    """

    key: Key
    role: str
    start_us: int
    end_us: int
    energy_uj: int
    observed_us: int
    method: str
    err_sys_uj: int
    err_rand_uj: int
    parts: Sequence[BookedPart]
    counter_start_uj: int | None = None
    counter_end_uj: int | None = None
    boot_id: str = ""
    reporter: tuple[str, str] = ("", "")


@dataclass(frozen=True, slots=True)
class Booking:
    """A part of a window that counts, after claims: one bucket, one job."""

    window: Key
    bucket: str
    job_uid: str
    energy_uj: int


@dataclass(frozen=True, slots=True)
class Folded:
    """Which windows count, and where their energy went.

    Attributes:
        primary: Keys of the windows that count.
        bookings: Their energy by bucket and job; per window they sum to its energy.
    """

    primary: frozenset[Key]
    bookings: Sequence[Booking]


@dataclass(slots=True)
class _Account:
    """Where a counting window's energy stands: by (bucket, job), µJ.

    `told` is what an agent booked to jobs itself: their claims are about this energy first.
    """

    booked: dict[tuple[str, str], int]
    told: dict[str, int]


def fold(windows: Iterable[MeterWindow]) -> Folded:
    """Choose the windows that count and apply the claims of the others.

    What was measured comes before what another tool told, agents before trackers, then the earlier
    start, the later end, the key. A window that overlaps none chosen before it counts; any other
    is a claim. A claim moves energy to its jobs pro rata of the overlap: first from the job's own
    parent, then from system, idle and unknown, never more than is there. What an agent gave to a
    job itself, the job cannot claim again. A reading that came twice, under two numbers, moves
    nothing the second time.
    """
    ordered = sorted(
        windows,
        key=lambda w: (w.method == EXTERNAL, w.role != "agent", w.start_us, -w.end_us, w.key),
    )
    primary: list[MeterWindow] = []
    claims: list[MeterWindow] = []
    for window in ordered:
        (claims if _overlapping(window, primary) else primary).append(window)
    accounts = {window.key: _account(window) for window in primary}
    known = {_reading(window) for window in primary}
    for claim in claims:
        if _reading(claim) in known:
            continue
        known.add(_reading(claim))
        _apply(claim, _overlapping(claim, primary), accounts)
    bookings = [
        Booking(window.key, bucket, job_uid, energy_uj)
        for window in primary
        for (bucket, job_uid), energy_uj in sorted(accounts[window.key].booked.items())
        # A job that used nothing was still watched: its part of 0 carries the observed time.
        if energy_uj or job_uid
    ]
    return Folded(frozenset(accounts), bookings)


def _reading(window: MeterWindow) -> tuple[object, ...]:
    """What two windows share if and only if one reporter's reading came twice."""
    parts = tuple(sorted((one.bucket, one.job_uid, one.energy_uj) for one in window.parts))
    return (
        window.reporter,
        window.boot_id,
        (window.start_us, window.end_us),
        (window.counter_start_uj, window.counter_end_uj, window.energy_uj),
        (window.method, window.observed_us),
        parts,
    )


def _overlapping(window: MeterWindow, others: Sequence[MeterWindow]) -> list[MeterWindow]:
    return [
        other
        for other in others
        if other.start_us < window.end_us
        and window.start_us < other.end_us
        and not _apart(window, other)
    ]


def _apart(one: MeterWindow, other: MeterWindow) -> bool:
    """Whether two windows of one device hold different energy although their times overlap.

    The wall clock was stepped back between them: a host runs one boot at a time, and a counter
    passes each value once.
    """
    if one.boot_id != other.boot_id:
        return True
    spans = sorted(span for window in (one, other) if (span := _counted(window)))
    return len(spans) == 2 and spans[0][1] <= spans[1][0]  # noqa: PLR2004 - both have counters


def _counted(window: MeterWindow) -> tuple[int, int] | None:
    """What the counter passed; None where it cannot tell: none, stood still, or wrapped."""
    first, last = window.counter_start_uj, window.counter_end_uj
    return (first, last) if first is not None and last is not None and first < last else None


def _account(window: MeterWindow) -> _Account:
    account = _Account({}, {})
    for part in window.parts:
        key = (part.bucket, part.job_uid)
        account.booked[key] = account.booked.get(key, 0) + part.energy_uj
        if window.role == "agent" and part.job_uid:
            account.told[part.job_uid] = account.told.get(part.job_uid, 0) + part.energy_uj
    return account


def _apply(
    claim: MeterWindow, meters: Sequence[MeterWindow], accounts: dict[Key, _Account]
) -> None:
    overlaps = [
        min(claim.end_us, meter.end_us) - max(claim.start_us, meter.start_us) for meter in meters
    ]
    uncovered = max(0, claim.end_us - claim.start_us - sum(overlaps))
    for part in claim.parts:
        if part.bucket not in (Bucket.JOB, Bucket.HELD) or not part.energy_uj:
            continue
        shares = largest_remainder(part.energy_uj, [*overlaps, uncovered])
        for meter, share in zip(meters, shares, strict=False):
            _move(accounts[meter.key], part, share)


def _move(account: _Account, part: BookedPart, wanted_uj: int) -> None:
    """Take up to `wanted_uj` from where a claim may take it, and book it to the claim's job."""
    known = min(wanted_uj, account.told.get(part.job_uid, 0))
    if known:
        account.told[part.job_uid] -= known
    left, booked, target = wanted_uj - known, account.booked, (part.bucket, part.job_uid)
    for source in [(part.bucket, part.parent_uid or ""), *((bucket.value, "") for bucket in _OPEN)]:
        taken = min(left, booked.get(source, 0)) if source != target else 0
        if taken:
            booked[source] -= taken
            booked[target] = booked.get(target, 0) + taken
            left -= taken
