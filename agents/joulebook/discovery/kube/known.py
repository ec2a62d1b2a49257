"""What is known of the pods of this node: renewed on a thread of its own, told at once."""

import threading
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import Protocol

from joulebook.clock import Clock
from joulebook.core.units import US_PER_S
from joulebook.discovery.kube.missed import Missed
from joulebook.discovery.kube.presence import Presence
from joulebook.discovery.kube.resources import Allotted
from joulebook.discovery.kube.slices import Allotments
from joulebook.discovery.kube.source import Source
from joulebook.discovery.kubernetes import Pod

_EVERY_S = 30.0


class PodSource(Protocol):
    """Knows the pods of this node: `Cluster`, or `Folders` where no API server is asked."""

    def pods(self) -> Mapping[str, Pod]:
        """Pods by uid; of two with one name the newest last. Raises `Unanswered`."""


@dataclass(frozen=True, slots=True)
class _Told:
    pods: Mapping[str, Pod]
    gpus: Mapping[str, str]


class KnownPods:
    """Remembers the pods; nobody waits for cluster or kubelet.

    A pod that is gone is known for ten minutes more: its last windows are still to be named.

    Args:
        pods: Who knows the pods; None: nobody is asked.
        gpus: Who knows their GPUs: `Kubelet`, or `Claims` around it; None: likewise.
        clock: Source of time.
        complain: Is told of a failure once until it is over. Called on the thread.
        every_s: Time between two questions, s. A pod that is asked for and not known hurries them.
        draw: A number from 0 up to 1 by chance; Python's own where it is left out.
    """

    def __init__(  # noqa: PLR0913 - two sources, and what is handed in everywhere
        self,
        pods: PodSource | None,
        gpus: Allotments | None,
        *,
        clock: Clock,
        complain: Callable[[str], None],
        every_s: float = _EVERY_S,
        draw: Callable[[], float] | None = None,
    ) -> None:
        every_us, common = round(every_s * US_PER_S), (clock, complain, draw or _by_chance)
        self._pods = Source(pods.pods, every_us, *common) if pods else None
        self._gpus = Source(gpus.allotted, every_us, *common) if gpus else None
        self._presence = Presence(clock)
        self._told = _Told({}, {})
        self._missed = Missed(clock)
        self._wake = threading.Event()
        self._stopped = False

    def pod(self, uid: str) -> Pod | None:
        """The pod of a uid; None where it is not known, or not yet. See `PodInfo`."""
        found = self._told.pods.get(uid)
        if found is not None:
            self._missed.found(uid)
        elif self._missed.asked(uid):
            self._wake.set()
        return found

    def waits(self, uid: str) -> bool:
        """Whether a pod that is not known may still become so. See `PodInfo`."""
        return self._pods is not None and self._missed.waits(uid)

    def gpus(self) -> Mapping[str, str]:
        """Uid of the pod that has each GPU or MIG instance to itself, by the device's id.

        ``<namespace>/<name>`` stands for the uid where only the kubelet knows the pod.
        """
        return self._told.gpus

    def start(self) -> None:
        """Begin to ask; a source that does not answer holds nobody up."""
        threading.Thread(target=self._run, name="joulebook-pods", daemon=True).start()

    def stop(self) -> None:
        """Ask no more; a question under way ends by itself."""
        self._stopped = True
        self._wake.set()

    def look(self) -> None:
        """Ask whoever is due, and tell what came of it."""
        # The kubelet first: a pod that it knows has been known to the API server for longer.
        self._look(self._gpus)
        answered = self._look(self._pods)
        if answered and self._pods is not None and self._pods.last is not None:
            self._presence.seen(self._pods.last)
        self._presence.forget()
        self._told = self._summed()
        if answered:  # when what it says can be seen
            self._missed.answered()

    def hurry(self) -> None:
        """Ask sooner than planned."""
        for source in (self._gpus, self._pods):
            if source is not None:
                source.hurry()

    def _summed(self) -> _Told:
        allotted = (self._gpus.last if self._gpus is not None else None) or ()
        having: dict[str, tuple[str, ...]] = {}
        for pod in allotted:
            if (uid := self._presence.uid(pod.namespace, pod.name)) is not None:
                having[uid] = pod.gpus
        alone = _alone(having)
        pods = {}
        for uid, known in self._presence.pods.items():
            gpus = having.get(self._presence.current(known) or "", ())
            pods[uid] = replace(known, gpus=tuple(gpu for gpu in gpus if gpu in alone))
        return _Told(pods, alone)

    @staticmethod
    def _look(source: Source[Mapping[str, Pod]] | Source[Collection[Allotted]] | None) -> bool:
        return source is not None and source.look()

    def _run(self) -> None:
        while not self._stopped:
            self.look()
            self._rest()

    def _rest(self) -> None:
        sources = [source for source in (self._gpus, self._pods) if source is not None]
        wait_us = min((source.wait_us for source in sources), default=US_PER_S)
        if self._wake.wait(wait_us / US_PER_S):
            self._wake.clear()
            self.hurry()


def _alone(having: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    """GPUs that one pod has to itself: what several share is reserved for none of them."""
    holders: dict[str, list[str]] = {}
    for uid, gpus in having.items():
        for gpu in gpus:
            holders.setdefault(gpu, []).append(uid)
    return {gpu: uids[0] for gpu, uids in holders.items() if len(uids) == 1}


def _by_chance() -> float:
    import random  # noqa: PLC0415 - slow to load, needed only after a failure

    return random.random()  # noqa: S311 - spreads load, guards nothing
