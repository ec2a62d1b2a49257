"""Which pods are there, and which were until just now."""

from collections.abc import Mapping

from joulebook.clock import Clock
from joulebook.core.units import US_PER_S
from joulebook.discovery.kubernetes import Pod

#: How long a pod that is gone is known, µs.
_KEEP_US = 600 * US_PER_S


class Presence:
    """Remembers pods.

    Args:
        clock: Source of time.
    """

    def __init__(self, clock: Clock) -> None:
        self.pods: dict[str, Pod] = {}
        self._clock = clock
        self._gone_us: dict[str, int] = {}
        self._uids: dict[tuple[str, str], str] = {}

    def seen(self, pods: Mapping[str, Pod]) -> None:
        """All pods that are there now; of two with one name the newest last."""
        now_us = self._clock.monotonic_us()
        gone = self.pods.keys() - pods.keys()
        self._gone_us = {uid: self._gone_us.get(uid, now_us) for uid in gone}
        self.pods |= pods
        self._uids = {(pod.namespace, pod.name): uid for uid, pod in pods.items()}

    def forget(self) -> None:
        """Let go of those that are gone for long."""
        until_us = self._clock.monotonic_us() - _KEEP_US
        for uid in [uid for uid, gone_us in self._gone_us.items() if gone_us <= until_us]:
            del self._gone_us[uid], self.pods[uid]

    def current(self, pod: Pod) -> str | None:
        """Uid of a pod if it bears its name now: another of that name may have followed."""
        uid = self._uids.get((pod.namespace, pod.name))
        return uid if uid is not None and self.pods.get(uid) is pod else None

    def uid(self, namespace: str, name: str) -> str | None:
        """Uid of a pod that is there; ``namespace/name`` where it was never seen.

        None for one that is gone: kubelets before 1.34 list pods that have ended.
        """
        if (found := self._uids.get((namespace, name))) is not None:
            return found
        gone = (self.pods[uid] for uid in self._gone_us)
        if any((pod.namespace, pod.name) == (namespace, name) for pod in gone):
            return None
        return f"{namespace}/{name}"
