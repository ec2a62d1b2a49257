"""Which open span each part of a window belongs to."""

from collections.abc import Mapping, Sequence
from itertools import chain

from joulebook.core.attribute import Bucket, largest_remainder
from joulebook.metering.assemble import Booked, Share
from joulebook.metering.sampler import Metered
from joulebook.metering.span import Span


def leaves_of(spans: Sequence[Span]) -> dict[int, list[Span]]:
    """Open spans that enclose no other open span of their process, by process."""
    enclosing = {id(span.parent) for span in spans}
    leaves: dict[int, list[Span]] = {}
    for span in spans:
        if id(span) not in enclosing:
            leaves.setdefault(span.pid, []).append(span)
    return leaves


def book(
    metered: Metered, kind: str, leaves: Mapping[int, Sequence[Span]], spans: Sequence[Span]
) -> Booked:
    """Hand each process's share to its leaves; each ancestor counts it once.

    What a process held without using it is its job's, too.

    Args:
        metered: A window and its parts by process.
        kind: Kind of its device.
        leaves: Innermost open spans by process.
        spans: All open spans; their tallies take the window in.
    """
    window = metered.window
    # A part of 0 says that the job was watched on this device, also while it rested.
    watched = chain.from_iterable(leaves.values()) if metered.parts else ()
    shares = [Share(Bucket.JOB, leaf.uid, 0) for leaf in watched]
    for part in metered.parts:
        if part.bucket not in (Bucket.JOB, Bucket.HELD):
            shares.append(Share(part.bucket, None, part.energy_uj))
            continue
        own = leaves[part.job]
        split = largest_remainder(part.energy_uj, [1] * len(own))
        for leaf, energy_uj in zip(own, split, strict=True):
            shares.append(Share(part.bucket, leaf.uid, energy_uj))
            for span in _above(leaf, spans):
                span.tally.add(kind, window, energy_uj)
    told = any(part.bucket is not Bucket.UNKNOWN for part in metered.parts)
    for span in spans:
        span.tally.watch(window, told=told)
    return Booked(window, _merged(shares))


def _above(leaf: Span, spans: Sequence[Span]) -> list[Span]:
    """The span and all that enclose it, also in other processes; each once."""
    found: list[Span] = []
    waiting = leaf.lineage()
    while waiting:
        span = waiting.pop(0)
        if any(span is one for one in found):
            continue
        found.append(span)
        if span.parent is None and span.parent_uid is not None:
            waiting += [one for one in spans if one.uid == span.parent_uid]
    return found


def _merged(shares: Sequence[Share]) -> list[Share]:
    """One share per bucket and job: spans of one job id add up."""
    summed: dict[tuple[Bucket, str | None], int] = {}
    for share in shares:
        key = (share.bucket, share.job_uid)
        summed[key] = summed.get(key, 0) + share.energy_uj
    return [Share(bucket, uid, energy) for (bucket, uid), energy in summed.items()]
