"""What is known of pods, over sources and a clock that are moved by hand."""

from collections.abc import Mapping

from joulebook.clock import ManualClock
from joulebook.core.units import US_PER_S
from joulebook.discovery.kube.known import KnownPods
from joulebook.discovery.kube.resources import Allotted
from joulebook.discovery.kube.unanswered import Unanswered
from joulebook.discovery.kubernetes import Pod


class Told:
    """Pods and GPUs as they are set; both the sources in one, in memory."""

    def __init__(self) -> None:
        self.now: dict[str, Pod] = {}
        self.having: list[Allotted] = []
        self.refusal: str | None = None
        self.asked = 0

    def pods(self) -> Mapping[str, Pod]:
        self.asked += 1
        self._refuse()
        return dict(self.now)

    def allotted(self) -> list[Allotted]:
        self._refuse()
        return list(self.having)

    def _refuse(self) -> None:
        if self.refusal is not None:
            raise Unanswered(self.refusal)


class Watch:
    """`KnownPods` over `Told`, with a clock that is moved by hand."""

    def __init__(self, *, cluster: bool = True) -> None:
        self.told, self.clock, self.said = Told(), ManualClock(), list[str]()
        self.known = KnownPods(
            self.told if cluster else None,
            self.told,
            clock=self.clock,
            complain=self.said.append,
            draw=lambda: 1.0,
        )

    def after(self, seconds: int) -> KnownPods:
        self.clock.advance(seconds * US_PER_S)
        self.known.look()
        return self.known
