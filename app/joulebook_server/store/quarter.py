"""What the readings of one device and quarter hour come to: pure, and nowhere else."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from joulebook.core.fold import BookedPart, Booking, MeterWindow, fold
from joulebook_server.store.payload import Reading
from joulebook_server.store.squares import limbs

#: Parent of a job, by (agent that said so, job).
Parents = Mapping[tuple[str, str], str | None]
#: Bucket, job, method and zone: what ledger rows of a device and quarter hour differ in.
LedgerKey = tuple[str, str, str, str]


@dataclass(slots=True)
class Sum:
    """Energy, observed time and errors of one ledger row."""

    energy_uj: int = 0
    observed_us: int = 0
    err_sys_uj: int = 0
    err_rand_high: int = 0
    err_rand_low: int = 0

    def add(
        self, energy_uj: int, observed_us: int, err_sys_uj: int, err_rand_sq: tuple[int, int]
    ) -> None:
        """Add what one window, or one row, holds; the square by its limbs, which add up apart."""
        self.energy_uj += energy_uj
        self.observed_us += observed_us
        self.err_sys_uj += err_sys_uj
        self.err_rand_high += err_rand_sq[0]
        self.err_rand_low += err_rand_sq[1]

    def values(self) -> dict[str, int]:
        """Its columns."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(slots=True)
class Presence:
    """What the meters of a device came to, and when it was watched.

    Attributes:
        first_us, last_us: From the first window's start to the last one's end.
        own_uj: What the agent itself used; None where none told.
        sender, seq: Who sent all of it, up to which batch, each window after the one before; an
            empty text where that is not so.
    """

    first_us: int
    last_us: int
    observed_us: int = 0
    energy_uj: int = 0
    own_uj: int | None = None
    method: str = ""
    sender: str = ""
    seq: int = 0

    def add(self, window: Reading) -> None:
        """One more window that counts, after all before it."""
        self.first_us = min(self.first_us, window.start_us)
        self.last_us = max(self.last_us, window.end_us)
        self.observed_us += window.observed_us
        self.energy_uj += window.energy_uj
        if window.own_uj is not None:
            self.own_uj = (self.own_uj or 0) + window.own_uj
        self.method = window.method

    def values(self) -> dict[str, Any]:
        """Its columns."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(slots=True)
class Account:
    """The ledger of one device and quarter hour.

    Attributes:
        presence: None where no window counts.
        sums: By ledger key.
    """

    presence: Presence | None = None
    sums: dict[LedgerKey, Sum] = field(default_factory=dict)

    def book(self, window: Reading, shares: Mapping[tuple[str, str], int]) -> None:
        """A window that counts, with its energy by (bucket, job)."""
        whole_uj = max(window.energy_uj, 1)
        for (bucket, job_uid), energy_uj in shares.items():
            if not energy_uj and not job_uid:
                continue  # a job that used nothing was still watched; nobody else was
            self.sums.setdefault((bucket, job_uid, window.method, window.zone), Sum()).add(
                energy_uj,
                window.observed_us,
                window.err_sys_uj * energy_uj // whole_uj,
                limbs((window.err_rand_uj * energy_uj // whole_uj) ** 2),
            )
        if self.presence is None:
            self.presence = Presence(window.start_us, window.end_us)
        self.presence.add(window)


def sender_of(window: Reading) -> str:
    """Who sent a window, in one text."""
    return f"{window.agent_id} {window.epoch}"


def shares_of(window: Reading) -> dict[tuple[str, str], int]:
    """Its energy by (bucket, job), as its reporter booked it."""
    shares: dict[tuple[str, str], int] = {}
    for part in window.parts:
        key = (part.bucket, part.job_uid)
        shares[key] = shares.get(key, 0) + part.energy_uj
    return shares


def account_of(windows: Sequence[Reading], parents: Parents) -> Account:
    """What all windows of one device and quarter hour come to, whoever sent them."""
    primary, bookings = booked(windows, parents)
    shares: dict[tuple[str, ...], dict[tuple[str, str], int]] = {key: {} for key in primary}
    for window, booking in bookings:
        shares[window.key][booking.bucket, booking.job_uid] = booking.energy_uj
    account = Account()
    for window in sorted(windows, key=lambda one: (one.start_us, one.key)):
        if window.key in primary:
            account.book(window, shares[window.key])
    if account.presence is not None:
        account.presence.sender, account.presence.seq = in_order(windows)
    return account


def goes_on(presence: Presence | None, windows: Sequence[Reading]) -> bool:
    """Whether windows of one batch can be added to what is there, and nothing else changes.

    That is so where one sender sent all of it, each window after the one before by its own
    numbers: then every one of them counts as it was booked.
    """
    sender, _ = in_order(windows)
    if presence is None or not sender:
        return bool(sender)
    first = windows[0]
    return (presence.sender, True, True) == (
        sender,
        presence.seq < first.seq,
        presence.last_us <= first.start_us,
    )


def in_order(windows: Iterable[Reading]) -> tuple[str, int]:
    """Who sent all of them in order, and the last batch; an empty text and 0 where nobody did."""
    sender, seq, after_us = "", 0, None
    for window in sorted(windows, key=lambda one: (one.seq, one.position)):
        its = sender_of(window)
        if its != (sender or its) or (after_us is not None and window.start_us < after_us):
            return "", 0
        sender, seq, after_us = its, window.seq, window.end_us
    return sender, seq


def booked(
    windows: Sequence[Reading], parents: Parents
) -> tuple[frozenset[tuple[str, ...]], list[tuple[Reading, Booking]]]:
    """Which windows of one device and quarter hour count, and where each one's energy went.

    Returns:
        Keys of the windows that count, and each booking beside its window.
    """
    by_key = {window.key: window for window in windows}
    folded = fold(_folding(window, parents) for window in windows)
    return folded.primary, [(by_key[one.window], one) for one in folded.bookings]


def _folding(window: Reading, parents: Parents) -> MeterWindow:
    return MeterWindow(
        key=window.key,
        role=window.role,
        start_us=window.start_us,
        end_us=window.end_us,
        energy_uj=window.energy_uj,
        observed_us=window.observed_us,
        method=window.method,
        err_sys_uj=window.err_sys_uj,
        err_rand_uj=window.err_rand_uj,
        parts=[
            BookedPart(
                part.bucket,
                part.job_uid,
                parents.get((window.agent_id, part.job_uid)),
                part.energy_uj,
            )
            for part in window.parts
        ],
        counter_start_uj=window.counter_start_uj,
        counter_end_uj=window.counter_end_uj,
        boot_id=window.boot_id,
        reporter=(window.agent_id, window.epoch),
    )
