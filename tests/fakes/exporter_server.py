"""A stand-in for a GPU exporter: a real HTTP server on loopback that shows what it is told.

The text is written by us, line for line in the manner of NVIDIA's dcgm-exporter.
"""

import contextlib
import gzip
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from email.message import Message

_ENERGY = "DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION"
_POWER = "DCGM_FI_DEV_POWER_USAGE"
_HELP = {
    _ENERGY: ("counter", "Total energy consumption since boot (in mJ)."),
    _POWER: ("gauge", "Power draw (in W)."),
    "DCGM_FI_DEV_GPU_TEMP": ("gauge", "GPU temperature (in C)."),
}


@dataclass(frozen=True)
class Card:
    """One line of each metric.

    Attributes:
        number: Number of the GPU.
        energy: Energy as written (mJ); None leaves the line out.
        power: Power as written (W), likewise.
        labels: Labels that replace or follow the usual ones; an empty one is left out.
    """

    number: int = 0
    energy: str | None = "257858316"
    power: str | None = "52.636000"
    labels: Mapping[str, str] = field(default_factory=dict)

    @property
    def uid(self) -> str:
        return f"GPU-{self.number:08x}-aaaa-bbbb-cccc-0123456789ab"

    def line(self, metric: str, value: str) -> str:
        usual = {
            "gpu": str(self.number),
            "UUID": self.uid,
            "pci_bus_id": f"00000000:{self.number + 16:02X}:00.0",
            "device": f"nvidia{self.number}",
            "modelName": "NVIDIA H100 80GB HBM3",
            "Hostname": "node-1",
            "DCGM_FI_DRIVER_VERSION": "580.105.08",
        }
        labels = {key: text for key, text in {**usual, **self.labels}.items() if text}
        written = ",".join(f'{key}="{text}"' for key, text in labels.items())
        return f"{metric}{{{written}}} {value}"


def text_of(*cards: Card, energy: str = _ENERGY, power: str = _POWER) -> str:
    """What an exporter shows of these cards."""
    metrics: list[tuple[str, Callable[[Card], str | None]]] = [
        ("DCGM_FI_DEV_GPU_TEMP", lambda _: "31"),
        (power, lambda card: card.power),
        (energy, lambda card: card.energy),
    ]
    lines = []
    for metric, told in metrics:
        kind, help_text = _HELP.get(metric, ("gauge", "Another."))
        lines += [f"# HELP {metric} {help_text}", f"# TYPE {metric} {kind}"]
        lines += [card.line(metric, text) for card in cards if (text := told(card)) is not None]
    return "\n".join([*lines, ""])


def instances(card: Card, ids: Sequence[int]) -> list[Card]:
    """The card under MIG: once for each instance."""
    return [
        Card(
            card.number,
            card.energy,
            card.power,
            {**card.labels, "GPU_I_PROFILE": "1g.10gb", "GPU_I_ID": str(instance)},
        )
        for instance in ids
    ]


@dataclass
class Say:
    """One answer.

    Attributes:
        text: Its body.
        status: HTTP status.
        headers: Further headers.
        hang: Whether it never comes.
        only: Hang up after so many bytes of the body.
        chunked: Whether its length is not announced, as for a long page of a Go server.
        trickle: Whether the body never ends.
    """

    text: str = ""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    hang: bool = False
    only: int | None = None
    chunked: bool = False
    trickle: bool = False


class ExporterServer:
    """Listens on loopback and answers `say` to every GET; `heard` holds path and headers.

    `during` is called while a request waits: what takes long moves a clock there.
    """

    def __init__(self) -> None:
        self.say = Say()
        self.during: Callable[[], None] = lambda: None
        self.heard: list[tuple[str, Message]] = []
        self._ended = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/metrics"

    def show(self, *cards: Card) -> None:
        """From here on, show these cards."""
        self.say = Say(text_of(*cards))

    def close(self) -> None:
        """Stop listening; whoever hangs is let go. May be called twice."""
        if not self._ended.is_set():
            self._ended.set()
            self._server.shutdown()
            self._thread.join()
            self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                server.heard.append((self.path, self.headers))
                server.during()
                with contextlib.suppress(ConnectionError):  # the other side was tired of waiting
                    server.answer(self, server.say)
                self.close_connection = True

            def log_message(self, *_: object) -> None:
                """Nothing: the tests look at `heard`."""

        return Handler

    def answer(self, handler: BaseHTTPRequestHandler, say: Say) -> None:
        """Write one answer."""
        if say.hang:
            self._ended.wait()
            return
        body = say.text.encode()
        headers = {"Content-Type": "text/plain; version=0.0.4", **say.headers}
        if "gzip" in handler.headers.get("Accept-Encoding", ""):
            headers["Content-Encoding"] = "gzip"
        if headers.get("Content-Encoding") == "gzip":
            body = gzip.compress(body, mtime=0)
        plain = not (say.chunked or say.trickle)
        headers |= {"Content-Length": str(len(body))} if plain else {"Transfer-Encoding": "chunked"}
        handler.send_response(say.status)
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.end_headers()
        while say.trickle and not self._ended.wait(0.01):
            handler.wfile.write(b"2\r\n#\n\r\n")
        handler.wfile.write((body if plain else _chunked(body))[: say.only])


def _chunked(body: bytes) -> bytes:
    return b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
