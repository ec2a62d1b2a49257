"""The connection of this process to the agent of its host."""

import contextlib
import os
import socket
import struct
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from joulebook.errors import NoAgent, WireError
from joulebook.settings.sockets import SYSTEM
from joulebook.wire.spans import MAX_LINE, PROTOCOL, line, parsed

#: The agent answers the greeting at once, and a begin or end once its window is on disk, s.
GREET_S = 1.0
ANSWER_S = 5.0
_OTHERS_WRITE = 0o022
_CREDENTIALS = struct.Struct("3i")  # pid, uid, gid (unix(7), SO_PEERCRED)


class Link:
    """Asks the agent; every question has one answer.

    Args:
        path: The agent's socket.

    Attributes:
        about: What the agent said of itself.
        farewell: What each open span, by its key, came to, if the agent told when it stopped.

    Raises:
        NoAgent: Nobody listens there, somebody whom we do not trust, or the agent refuses.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.farewell: dict[str, Any] = {}
        self._lock = threading.Lock()
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._lines = self._socket.makefile("rb")
        try:
            self._socket.settimeout(GREET_S)
            self._socket.connect(str(path))
            self._trust()
            self.about = self._answer()
            self._socket.settimeout(ANSWER_S)
        except NoAgent:
            self.close()
            raise
        except (OSError, ValueError) as error:
            self.close()
            raise NoAgent(f"no agent answers on {path}: {error}") from error
        if self.about.get("protocol") != PROTOCOL:
            self.close()
            raise NoAgent(f"the agent on {path} speaks another version of the span protocol")

    def ask(self, message: Mapping[str, Any]) -> dict[str, Any]:
        """Send one request and wait for its answer.

        Raises:
            NoAgent: The agent left, does not answer, or refuses.
        """
        with self._lock:
            try:
                self._send(line(message))
                return self._answer()
            except (OSError, ValueError) as error:
                raise NoAgent(f"the agent does not answer: {error}") from error

    def close(self) -> None:
        """End the connection, also where a fork holds it: the agent ends the open spans."""
        with contextlib.suppress(OSError):  # the agent was first
            self._socket.shutdown(socket.SHUT_RDWR)
        self._lines.close()
        self._socket.close()

    def disown(self) -> None:
        """In a forked child: close our copy without a word; the parent's goes on.

        Nothing is locked for it: the lock, and the reader's own, may be held by a thread that
        the child does not have.
        """
        os.close(self._socket.detach())

    def _send(self, content: bytes) -> None:
        # An agent that hung up may have left last words, and they can still be read.
        with contextlib.suppress(ConnectionError):
            self._socket.sendall(content)

    def _answer(self) -> dict[str, Any]:
        content = self._lines.readline(MAX_LINE + 1)
        if not content.endswith(b"\n"):
            raise NoAgent("the agent left")
        try:
            answer = parsed(content)
        except WireError as error:
            raise NoAgent(f"the agent's answer cannot be read: {error}") from error
        if isinstance(left := answer.get("farewell"), dict):
            self.farewell = left
        if answer.get("ok") is not True:
            raise NoAgent(f"the agent refuses: {answer.get('path', '')} {answer.get('problem')}")
        return answer

    def _trust(self) -> None:
        """An agent is root's, our own, or the machine's: else anybody could listen for us."""
        told = self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
        _, uid, _ = _CREDENTIALS.unpack(told)
        if uid not in (0, os.getuid()) and not self._appointed(uid):
            raise NoAgent(f"an agent of user {uid} is not trusted: only our own or root's")

    def _appointed(self, uid: int) -> bool:
        """Whether root gave this user the place: only root makes folders in `/run`."""
        if self.path != SYSTEM:
            return False
        folder = self.path.parent.stat()
        return folder.st_uid == uid and not folder.st_mode & _OTHERS_WRITE
