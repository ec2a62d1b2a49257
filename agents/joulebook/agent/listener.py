"""The Unix socket on which trackers find the agent."""

import contextlib
import fcntl
import os
import socket
import struct
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO

from joulebook.agent.caller import Caller
from joulebook.agent.peer import Peer, peer_of
from joulebook.discovery.processes import ProcessTable
from joulebook.errors import AgentError, WireError
from joulebook.metering.guard import harmless, log
from joulebook.metering.span import Span
from joulebook.settings.sockets import SYSTEM
from joulebook.wire.spans import MAX_LINE, line, parsed

#: After an error of the system, callers are taken again this much later, s.
AGAIN_S = 0.1
#: A caller that does not read our answers is left after so long, s; stopping waits no longer.
SEND_S = 2
JOIN_S = 3.0
_PATIENCE = struct.pack("ll", SEND_S, 0)  # struct timeval
_BACKLOG = 128
#: The longest that a caller is waited for that does not read our last words, s.
FAREWELL_S = 1.0


class Listener:
    """Takes connections, one thread each; a connection that ends, ends its spans.

    Args:
        path: Where to listen. Its folder is made, closed to other users unless the agent is root's.
        admit: Makes the caller of a connected process.
        about: What is said to every caller in answer to its greeting.
        table: Process table, to tell whether a caller still lives.
    """

    def __init__(
        self,
        path: Path,
        admit: Callable[[Peer], Caller],
        about: Callable[[], dict[str, object]],
        table: ProcessTable,
    ) -> None:
        self.path = path
        self._admit = admit
        self._about = about
        self._table = table
        self._open: dict[socket.socket, Caller] = {}
        self._threads: list[threading.Thread] = []
        self._guard = threading.Lock()
        self._held: IO[str] | None = None
        self._stopping = False
        self._socket: socket.socket | None = None

    def spans(self) -> list[Span]:
        """The open spans of all connected processes."""
        with self._guard:
            return [span for one in self._open.values() for span in one.spans]

    def prepare(self) -> None:
        """Take the socket; who connects waits until `start`.

        Raises:
            AgentError: Another agent listens there, or the path cannot be used.
        """
        try:
            self._prepare()
        except OSError as error:
            raise AgentError(
                f"cannot listen on {self.path}: {error.strerror}; "
                "name another with --socket (JOULEBOOK_AGENT_SOCKET)"
            ) from error

    def start(self) -> None:
        """Answer from here on."""
        self._run(self._accept)

    def check(self) -> None:
        """Drop connections whose process left: a fork of it may hold them open."""
        with self._guard:
            known = list(self._open.items())
        for connection, caller in known:
            if not caller.peer.lives(self._table):
                _shut(connection)

    def close(self) -> None:
        """Stop listening, end all spans, tell their callers what they came to, and hang up."""
        if self._socket is None:
            return
        self._stopping = True
        self.path.unlink(missing_ok=True)
        _shut(self._socket)
        with self._guard:
            known = list(self._open)
        for connection in known:
            _shut(connection, socket.SHUT_RD)
        for thread in self._threads:
            thread.join(JOIN_S)
        if self._held is not None:
            self._held.close()

    def _prepare(self) -> None:
        shared = os.getuid() == 0 or self.path == SYSTEM
        self.path.parent.mkdir(mode=0o755 if shared else 0o700, parents=True, exist_ok=True)
        self._hold()
        self.path.unlink(missing_ok=True)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.bind(str(self.path))
        # Who may connect is decided by the kernel; who it is, by the peer's credentials.
        self.path.chmod(0o666 if shared else 0o600)
        self._socket.listen(_BACKLOG)

    def _hold(self) -> None:
        """One agent a socket; the lock falls with the process, however it ends."""
        self._held = self.path.with_name(f"{self.path.name}.lock").open("w", encoding="ascii")
        try:
            fcntl.flock(self._held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AgentError(
                f"an agent listens on {self.path} already; stop it, or name another --socket"
            ) from None

    def _run(self, work: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=work, args=arguments, name="joulebook-agent", daemon=True)
        self._threads = [one for one in self._threads if one.is_alive()]
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        listening = self._socket
        while listening is not None:
            try:
                connection, _ = listening.accept()
            except OSError as error:
                if self._stopping:
                    return
                log.warning("joulebook: no caller can be taken now: %s", error.strerror)
                time.sleep(AGAIN_S)  # out of descriptors, as a rule: callers leave, and it passes
                continue
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, _PATIENCE)
            with harmless("admitting a caller"):
                self._run(self._serve, connection)

    def _serve(self, connection: socket.socket) -> None:
        caller: Caller | None = None
        try:
            peer = peer_of(connection, self._table)
            caller = self._admit(peer)
            with self._guard:
                self._open[connection] = caller
            self._converse(connection, caller)
        except AgentError as error:
            with contextlib.suppress(OSError):  # it may have given up before we looked
                _say(connection, {"ok": False, "problem": str(error)})
        except OSError:
            pass  # the other side left
        finally:
            if caller is not None:
                with harmless("ending the spans of a caller that left"):
                    left = caller.leave()
                    if self._stopping:
                        _bid_farewell(connection, left)
            with self._guard:
                self._open.pop(connection, None)
            connection.close()

    def _converse(self, connection: socket.socket, caller: Caller) -> None:
        _say(connection, {"ok": True, **self._about()})
        with connection.makefile("rb") as lines:
            while content := lines.readline(MAX_LINE + 1):
                if len(content) > MAX_LINE:
                    _say(connection, {"ok": False, "problem": f"longer than {MAX_LINE} bytes"})
                    return
                _say(connection, self._answer(caller, content))

    def _answer(self, caller: Caller, content: bytes) -> dict[str, object]:
        try:
            return {"ok": True, **caller.answer(parsed(content))}
        except WireError as error:
            return {"ok": False, "path": error.path, "problem": error.reason}
        except Exception as error:  # noqa: BLE001 - one caller's fault must not end the agent
            log.warning("joulebook: answering a caller failed: %s: %s", type(error).__name__, error)
            return {"ok": False, "problem": "the agent failed; see its log"}


def _say(connection: socket.socket, message: dict[str, object]) -> None:
    connection.sendall(line(message))


def _bid_farewell(connection: socket.socket, left: dict[str, dict[str, object]]) -> None:
    """What the spans came to, for a caller that is still there: it goes on by itself."""
    message: dict[str, object] = {"ok": False, "problem": "the agent stops", "farewell": left}
    while left and len(line(message)) > MAX_LINE:
        left.popitem()  # the outermost; what it came to is in the ledger
    with contextlib.suppress(OSError):  # as a rule it left
        connection.settimeout(FAREWELL_S)
        _say(connection, message)


def _shut(connection: socket.socket, how: int = socket.SHUT_RDWR) -> None:
    """Wake whoever waits on it; the thread that owns it closes it."""
    with contextlib.suppress(OSError):  # it was closed already
        connection.shutdown(how)
