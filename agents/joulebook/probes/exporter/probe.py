"""NVIDIA GPUs as an exporter shows them that runs on this machine anyway (dcgm-exporter).

An exporter repeats a value until it collects the next one, many seconds later. So a counter that
shows the same value is the same reading, and keeps the time at which it was first seen: a window
reaches from one of the exporter's own looks to another, and none holds a zero that is only old.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from joulebook.clock import Clock
from joulebook.errors import Gone, Retry
from joulebook.probes.exporter.exposition import NotExposition
from joulebook.probes.exporter.gpu import Shown, sensor_of, shown
from joulebook.probes.exporter.http import Unanswered, get
from joulebook.probes.exporter.moves import Moves
from joulebook.probes.protocol import Dropped, Found, Holder, Reading, Sensor

#: The longest to wait for an answer, s.
TIMEOUT_S = 1.5
#: One answer serves everybody who asks within this time, µs: 8 GPUs cost one request.
KEEP_US = 200_000
#: What took long is kept so many times as long: at most a tenth of the time is spent waiting.
_KEEP_TIMES = 9

_AGAIN = "each instance repeats the energy of its whole GPU, which is counted once"
_ONE_HOST = "let JOULEBOOK_EXPORTER_URL name the exporter of this machine alone"
_DCGM = "let JOULEBOOK_EXPORTER_URL name a dcgm-exporter, such as http://127.0.0.1:9400/metrics"


@dataclass(frozen=True, slots=True)
class _Answer:
    at_us: int
    gpus: Sequence[Shown]


@dataclass(frozen=True, slots=True)
class _Watched:
    """When the values of one GPU moved."""

    energy: Moves = field(default_factory=Moves)
    power: Moves = field(default_factory=Moves)


class ExporterProbe:
    """All GPUs of this machine that its dcgm-exporter shows.

    Nothing is requested before `find`. The exporter is taken for this machine's own: the name by
    which it calls its host may be that of a pod or a container, and is not compared with ours. Only
    where one answer shows several hosts, those are left out that are not called like this one.

    Args:
        clock: Where the time of a reading comes from.
        url: Where the exporter's text is, such as ``http://127.0.0.1:9400/metrics``.
        host_name: Name of this host.
        timeout_s: The longest to wait for an answer, s.
    """

    name = "exporter"

    def __init__(
        self, clock: Clock, url: str, host_name: str = "", *, timeout_s: float = TIMEOUT_S
    ) -> None:
        self._clock = clock
        self._url = url
        self._host_name = host_name
        self._timeout_s = timeout_s
        self._last: _Answer | Unanswered | None = None
        self._keep_until_us = 0
        self._found: Found | None = None
        self._watched: dict[str, _Watched] = {}

    def find(self) -> Found:
        """All GPUs; a sensor with a problem and its cure where the exporter shows none.

        An exporter that is silent now still has the GPUs that it showed before: it may be starting
        anew, and reading them tells why they cannot be read.
        """
        self._last = None
        try:
            found = self._found_in(self._answer().gpus)
        except Unanswered as error:
            return self._found or Found((self._trouble(str(error), error.cure),))
        self._found = found
        return found

    def read(self, sensor: Sensor) -> Reading:
        """The counter and power when a new value was first seen; power alone as it is now.

        Raises:
            Retry: The exporter gave no answer, nothing of this GPU, or nothing new for long.
            Gone: It shows other GPUs and no longer this one, or the probe is closed.
        """
        watched = self._watched.get(sensor.uid or "")
        if watched is None:
            raise Gone(f"{sensor.name} was not found, or its probe is closed")
        answer = self._answer()
        if not answer.gpus:  # dcgm-exporter shows nothing while it reloads (pkg/cmd/app.go)
            raise Retry(f"{self._url} shows no GPU now")
        gpu = next((gpu for gpu in answer.gpus if gpu.uid == sensor.uid), None)
        if gpu is None:
            raise Gone(f"{self._url} no longer shows {sensor.name}")
        return self._reading(sensor, gpu, watched, answer.at_us)

    def holders(self, sensor: Sensor) -> Sequence[Holder] | None:  # noqa: ARG002 - protocol
        """An exporter tells of no processes that could be found here."""
        return None

    def close(self) -> None:
        """Forget all devices; no connection is held."""
        self._last = self._found = None
        self._watched = {}

    def _answer(self) -> _Answer:
        """One answer for all who ask at about the same time; a failure as well."""
        began_us = self._clock.monotonic_us()
        if self._last is None or began_us >= self._keep_until_us:
            self._last = self._asked()
            now_us = self._clock.monotonic_us()
            self._keep_until_us = now_us + max(KEEP_US, _KEEP_TIMES * (now_us - began_us))
        if isinstance(self._last, Unanswered):
            raise Unanswered(str(self._last), self._last.cure)
        return self._last

    def _asked(self) -> _Answer | Unanswered:
        try:
            gpus = shown(get(self._url, self._timeout_s, self._clock))
        except Unanswered as error:
            return error
        except NotExposition as error:
            return Unanswered(f"{self._url} answers no text of an exporter: {error}", _DCGM)
        return _Answer(self._clock.monotonic_us(), gpus)

    def _found_in(self, gpus: Sequence[Shown]) -> Found:
        if not gpus:
            raise Unanswered(f"{self._url} shows no GPU", _DCGM)
        hosts = sorted({gpu.host for gpu in gpus})
        mine = [gpu for gpu in gpus if len(hosts) == 1 or _same(gpu.host, self._host_name)]
        if not mine:
            several = f"{self._url} shows several hosts ({', '.join(hosts)}), none called like this"
            raise Unanswered(several, _ONE_HOST)
        return Found(tuple(map(self._sensor, mine)), tuple(self._dropped(gpus, mine)))

    def _reading(self, sensor: Sensor, gpu: Shown, watched: _Watched, at_us: int) -> Reading:
        energy_uj = gpu.energy.value if gpu.energy is not None else None
        power_mw = gpu.power.value if gpu.power is not None else None
        if power_mw is not None:
            watched.power.see(power_mw, at_us)
        if sensor.method != "counter" or energy_uj is None:
            return self._powered(sensor, power_mw, at_us)
        watched.energy.see(energy_uj, at_us)
        if not watched.energy.stands_still(at_us):
            return Reading(watched.energy.since_us, energy_uj, power_mw)
        if power_mw is None or watched.power.stands_still(at_us):
            raise Retry(f"{self._url} has shown nothing new of {sensor.name} for long")
        return Reading(at_us, energy_uj, power_mw)  # the counter hangs, and power does not

    def _powered(self, sensor: Sensor, power_mw: int | None, at_us: int) -> Reading:
        """Power as it is now, also where a counter is blank."""
        if power_mw is None:
            raise Retry(f"{self._url} shows nothing of {sensor.name} now")
        blank = "the exporter shows no energy now" if sensor.method == "counter" else None
        return Reading(at_us, power_mw=power_mw, note=blank)

    def _sensor(self, gpu: Shown) -> Sensor:
        watched = self._watched.get(gpu.uid or "", _Watched())
        moves = watched.energy if gpu.counted else watched.power
        sensor = sensor_of(gpu, self._url, moves.update_us)
        if sensor.uid is not None and sensor.method is not None:
            self._watched[sensor.uid] = watched
        return sensor

    def _dropped(self, gpus: Sequence[Shown], mine: Sequence[Shown]) -> list[Dropped]:
        kept = {gpu.host for gpu in mine}
        others = sorted({gpu.host for gpu in gpus} - kept)
        shared = [gpu for gpu in mine if gpu.instances]
        return [
            *(Dropped(f"{self._url} {host}", "it is another host") for host in others),
            *(Dropped(f"{self._url} {g.uid} {_listed(g)}", _AGAIN) for g in shared),
        ]

    def _trouble(self, problem: str, cure: str) -> Sensor:
        return Sensor(
            uid=None,
            index=0,
            kind="gpu",
            scope="gpu",
            additive=True,
            name="GPUs of an exporter",
            vendor="nvidia",
            method=None,
            problem=problem,
            cure=cure,
            source=self._url,
        )


def _listed(gpu: Shown) -> str:
    return " ".join(f"GPU_I_ID={instance}" for instance in gpu.instances)


def _same(one: str, other: str) -> bool:
    """Whether two names are of one host: alike, but for a domain that only one of them has."""
    names = {one.lower(), other.lower()}
    short = {name.partition(".")[0] for name in names}
    return "" not in short and (len(names) == 1 or (len(short) == 1 and bool(names & short)))
