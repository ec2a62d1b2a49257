"""Which GPUs a process may use, from what ``CUDA_VISIBLE_DEVICES`` says.

CUDA C++ Programming Guide, "CUDA Environment Variables": the list ends at the first entry that
names no device; a UUID may be cut short where it stays unique; an instance is named ``MIG-<uuid>``
or, by older drivers, ``MIG-GPU-<uuid>/<gi>/<ci>``.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

_OLD_PARTS = 3


@dataclass(frozen=True, slots=True)
class Card:
    """One GPU as its driver lists it, in the order of the PCI bus.

    Attributes:
        uid: ``GPU-...``.
        name: Its product.
        instances: uids of its MIG instances with the ids of GPU and compute instance.
    """

    uid: str
    name: str
    instances: Sequence[tuple[str, tuple[int, int]]] = ()


@dataclass(frozen=True, slots=True)
class Visible:
    """The devices that a process may use.

    Attributes:
        uids: UUIDs of GPUs and instances, in the order of the process.
        problem: Why that may not be all, or not the right ones; None where it is certain.
    """

    uids: tuple[str, ...]
    problem: str | None = None


def visible(text: str | None, cards: Sequence[Card], *, by_pci: bool) -> Visible:
    """Resolve the variable to UUIDs.

    Args:
        text: The variable's value; None where it is not set: all devices.
        cards: All GPUs of the machine.
        by_pci: Whether ``CUDA_DEVICE_ORDER`` is ``PCI_BUS_ID``. Otherwise CUDA counts the fastest
            first, and an index is certain only where all GPUs are of one product.
    """
    if text is None:
        return Visible(tuple(card.uid for card in cards))
    found: list[str] = []
    indexed = False
    for entry in filter(None, (part.strip() for part in text.split(","))):
        uid = _named(entry, cards)
        if uid is None or uid in found:
            return Visible(tuple(found), _why(entry, uid))
        found.append(uid)
        indexed = indexed or entry.isdecimal()
    mixed = indexed and not by_pci and len({card.name for card in cards}) > 1
    return Visible(tuple(found), _MIXED if mixed else None)


_MIXED = (
    "the GPUs are of several products, and CUDA counts the fastest first: set"
    " CUDA_DEVICE_ORDER=PCI_BUS_ID, or name them by UUID"
)


def _named(entry: str, cards: Sequence[Card]) -> str | None:
    """The one device that an entry names; None where it names none or several."""
    if entry.isascii() and entry.isdecimal():
        return cards[int(entry)].uid if int(entry) < len(cards) else None
    if entry.startswith("MIG-GPU-"):
        return _old_instance(entry.removeprefix("MIG-"), cards)
    parts = [uid for card in cards for uid, _ in card.instances]
    uids = parts if entry.startswith("MIG-") else [card.uid for card in cards]
    return _only(uid for uid in uids if entry[:4] in ("GPU-", "MIG-") and uid.startswith(entry))


def _old_instance(entry: str, cards: Sequence[Card]) -> str | None:
    words = entry.split("/")
    if len(words) != _OLD_PARTS or not all(word.isdecimal() for word in words[1:]):
        return None
    ids = int(words[1]), int(words[2])
    return _only(
        uid for card in cards if card.uid == words[0] for uid, own in card.instances if own == ids
    )


def _only(several: Iterable[str]) -> str | None:
    found = list(several)
    return found[0] if len(found) == 1 else None


def _why(entry: str, uid: str | None) -> str:
    which = "no device, or several" if uid is None else "a device that is named already"
    return f"{entry!r} in CUDA_VISIBLE_DEVICES names {which}: CUDA stops there"
