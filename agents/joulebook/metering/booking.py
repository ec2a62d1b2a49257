"""Which open span each part of a window belongs to."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from itertools import chain

from joulebook.core.attribute import NO_JOB, Bucket, Part, largest_remainder, merged
from joulebook.metering.assemble import Booked, Share
from joulebook.metering.sampler import Metered
from joulebook.metering.span import Span


def leaves_of(spans: Sequence[Span]) -> dict[int, list[Span]]:
    """Open spans that enclose no other open span of their process, by process.

    One that the agent found by itself encloses all that the process opened.
    """
    enclosing = {id(span.parent) for span in spans}
    opened = {span.pid for span in spans if not span.found}
    leaves: dict[int, list[Span]] = {}
    for span in spans:
        if id(span) not in enclosing and not (span.found and span.pid in opened):
            leaves.setdefault(span.pid, []).append(span)
    return leaves


def book(
    metered: Metered,
    kind: str,
    leaves: Mapping[int, Sequence[Span]],
    spans: Sequence[Span],
    own: Collection[int] = (),
) -> Booked:
    """Hand each process's share to its leaves; each ancestor counts it once.

    What a process held without using it is its job's, too.

    Args:
        metered: A window and its parts by process.
        kind: Kind of its device.
        leaves: Innermost open spans by process.
        spans: All open spans; their tallies take the window in.
        own: Who measures, where its own share is told apart within ``system``.
    """
    metered = _own_apart(metered, own)
    window = metered.window
    # A part of 0 says that the job was watched on this device, also while it rested.
    watched = chain.from_iterable(leaves.values()) if metered.parts else ()
    shares = [Share(Bucket.JOB, leaf.uid, 0) for leaf in watched]
    for part in metered.parts:
        if part.bucket not in (Bucket.JOB, Bucket.HELD):
            shares.append(Share(part.bucket, None, part.energy_uj))
            continue
        innermost = leaves[part.job]
        split = largest_remainder(part.energy_uj, [1] * len(innermost))
        for leaf, energy_uj in zip(innermost, split, strict=True):
            shares.append(Share(part.bucket, leaf.uid, energy_uj))
            for span in _above(leaf, spans):
                span.tally.add(kind, window, energy_uj)
    unknown = sum(one.energy_uj for one in metered.parts if one.bucket is Bucket.UNKNOWN)
    for span in spans:
        span.tally.watch(kind, window, unknown if metered.parts else None)
    return Booked(window, _merged(shares))


def _own_apart(metered: Metered, own: Collection[int]) -> Metered:
    """What the measuring itself used is no job's, and stays visible within ``system``."""
    told = any(part.bucket is not Bucket.UNKNOWN for part in metered.parts)
    if not own or not told:
        return metered
    mine = sum(part.energy_uj for part in metered.parts if part.job in own)
    others = [part for part in metered.parts if part.job not in own]
    parts = merged([*others, Part(Bucket.SYSTEM, NO_JOB, mine)])
    return Metered(replace(metered.window, own_uj=mine), parts)


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
