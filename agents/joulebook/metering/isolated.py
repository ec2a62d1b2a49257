"""A probe on a thread of its own: one that hangs holds up nobody."""

import logging
import queue
import threading
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Generic, TypeVar

from joulebook.errors import ProbeError, Retry
from joulebook.metering.checked import broken, failure
from joulebook.probes.protocol import Found, Holder, Probe, Reading, Sensor

T = TypeVar("T")

log = logging.getLogger("joulebook")

#: The longest that a reading may take, s. A driver answers in milliseconds.
READ_S = 2.0
#: The longest that looking for devices may take, s. A driver may first have to wake its cards.
FIND_S = 15.0


class _Call(Generic[T]):
    """One question to a probe, and its answer."""

    def __init__(self, work: Callable[[], T]) -> None:
        self._work = work
        self._done = threading.Event()
        self._answer: list[T] = []
        self._error: BaseException | None = None

    def run(self) -> None:
        try:
            self._answer.append(self._work())
        except BaseException as error:  # noqa: BLE001 - it is raised again where the answer is awaited
            self._error = error
        finally:
            self._done.set()

    @property
    def done(self) -> bool:
        return self._done.is_set()

    def answer(self, wait_s: float) -> T:
        """The answer, or the error it ended with.

        Raises:
            TimeoutError: There is none yet.
        """
        if not self._done.wait(wait_s):
            raise TimeoutError
        if self._error is not None:
            raise self._error
        return self._answer[0]


class Isolated:
    """Asks a probe on a daemon thread, and waits for a bounded time.

    While a question hangs, further ones are answered `Retry` at once; when the driver comes back,
    so does the sensor, and its counter tells what passed meanwhile.

    Args:
        probe: The probe; nobody else may ask it.
        read_s: The longest that a reading may take, s.
        find_s: The longest that looking for devices may take, s.
    """

    def __init__(self, probe: Probe, read_s: float = READ_S, find_s: float = FIND_S) -> None:
        self.name = probe.name
        self._probe = probe
        self._read_s = read_s
        self._find_s = find_s
        self._calls: queue.SimpleQueue[_Call[Any] | None] = queue.SimpleQueue()
        self._pending: _Call[Any] | None = None
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def find(self) -> Found:
        """Look for devices; a driver that does not answer is a sensor with a problem."""
        try:
            return self._ask(self._probe.find, self._find_s)
        except ProbeError as error:
            return Found([broken(self.name, str(error))])
        except Exception as error:  # noqa: BLE001 - a probe of others may fail in any way
            return Found([broken(self.name, failure(error))])

    def find_again(self, known: Found) -> Found:
        """Look once more while measuring goes on; what was known where there is no quick answer."""
        try:
            return self._ask(self._probe.find, self._read_s)
        except Exception as error:  # noqa: BLE001 - likewise; a hanging driver is told by `read`
            log.debug("joulebook: %s was not found again: %s", self.name, error)
            return known

    def read(self, sensor: Sensor) -> Reading:
        """Read one device; `Retry` where the driver hangs."""
        return self._ask(lambda: self._probe.read(sensor), self._read_s)

    def holders(self, sensor: Sensor) -> Sequence[Holder] | None:
        """Processes on the device; `Retry` where the driver hangs."""
        return self._ask(lambda: self._probe.holders(sensor), self._read_s)

    def read_each(self, sensors: Sequence[Sensor]) -> list[Reading | ProbeError]:
        """Read several devices with one change of threads, which costs more than a reading."""
        return self._each(partial(_each, self._probe.read), sensors)

    def holders_each(self, sensors: Sequence[Sensor]) -> list[Sequence[Holder] | ProbeError | None]:
        """Processes on several devices, likewise."""
        return self._each(partial(_each, self._probe.holders), sensors)

    def close(self) -> None:
        """Let go of the probe, unless it hangs."""
        if self._pending is None or self._pending.done:
            self._probe.close()
            if self._thread is not None:
                self._calls.put(None)
                self._thread = None

    def _each(
        self,
        work: Callable[[Sequence[Sensor]], list[T | ProbeError]],
        sensors: Sequence[Sensor],
    ) -> list[T | ProbeError]:
        try:
            return self._ask(lambda: work(sensors), self._read_s)
        except Retry as error:
            return [error] * len(sensors)

    def _ask(self, work: Callable[[], T], wait_s: float) -> T:
        with self._lock:
            if self._pending is not None and not self._pending.done:
                raise Retry(f"{self.name} does not answer: its driver hangs")
            call = _Call(work)
            self._pending = call
            self._calls.put(call)
            self._start()
            try:
                return call.answer(wait_s)
            except TimeoutError:
                raise Retry(f"{self.name} has not answered for {wait_s:g} s") from None

    def _start(self) -> None:
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(
                target=_serve, args=(self._calls,), name=f"joulebook-{self.name}", daemon=True
            )
            self._thread.start()


def read_each(probe: Probe, sensors: Sequence[Sensor]) -> list[Reading | ProbeError]:
    """A reading of each sensor, or why there is none."""
    if isinstance(probe, Isolated):
        return probe.read_each(sensors)
    return _each(probe.read, sensors)


def holders_each(
    probe: Probe, sensors: Sequence[Sensor]
) -> list[Sequence[Holder] | ProbeError | None]:
    """The processes on each device, or why nobody can tell."""
    if isinstance(probe, Isolated):
        return probe.holders_each(sensors)
    return _each(probe.holders, sensors)


def _each(ask: Callable[[Sensor], T], sensors: Sequence[Sensor]) -> list[T | ProbeError]:
    """An error of one device leaves the others as they are."""
    answers: list[T | ProbeError] = []
    for sensor in sensors:
        try:
            answers.append(ask(sensor))
        except ProbeError as error:
            answers.append(error)
        except Exception as error:  # noqa: BLE001 - a probe of others may fail in any way
            answers.append(Retry(failure(error)))
    return answers


def _serve(calls: "queue.SimpleQueue[_Call[Any] | None]") -> None:
    while (call := calls.get()) is not None:
        call.run()
