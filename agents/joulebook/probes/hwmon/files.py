"""Value files of hwmon, held open; what goes wrong with them says what to do next."""

import errno
import os
import re
from math import prod
from pathlib import Path

from joulebook.errors import Fatal, Gone, ProbeError, Retry
from joulebook.probes.hwmon.tree import Source

_RULES = "/etc/udev/rules.d/70-joulebook.rules"
_LONGEST_NUMBER = 32
_NUMBER = re.compile(rb"-?[0-9]+")
_VANISHED = (errno.ENODEV, errno.ENXIO, errno.ENOENT, errno.ENOTDIR, errno.ESTALE)
# amdgpu answers EPERM while it is reset, and on recent kernels while it sleeps
# (amdgpu_pm_dev_state_check and amdgpu_pm_get_access_if_active in amdgpu_pm.c).
_BUSY = (
    errno.EPERM,
    errno.EBUSY,
    errno.EAGAIN,
    errno.EINTR,
    errno.ETIME,
    errno.ETIMEDOUT,
)
# Some kernels before 6.7 print amdgpu's error codes as unsigned numbers: -22 becomes 4294967274.
_DISGUISED = range(2**32 - 4_095, 2**32)


class Busy(Retry):
    """The device sleeps, is being reset or is busy: it will answer later."""


class Off(Retry):
    """There is no value: as a rule the channel is switched off."""


class Denied(Fatal):
    """A permission is missing."""


class HeldSource:
    """The file, or the two files whose product is the power, of one sensor.

    Files stay open: that spares the search for the path. They are opened where they really
    lie, not through ``class/hwmon``, whose numbers pass to other devices after an unplug.

    Args:
        source: Which files.
        zero_is: What a 0 says where it is no reading; None where it is one.
    """

    def __init__(self, source: Source, zero_is: str | None = None) -> None:
        self.paths = tuple(Path(os.path.realpath(path)) for path in source.paths)
        self._counts = source.counts
        self._zero_is = zero_is
        self._descriptors: dict[Path, int] = {}

    def read(self) -> int:
        """The value in the unit of the file, or mV times mA.

        Raises:
            Retry: It gave no usable number this time; `Busy` and `Off` say more.
            Gone: The file is there no more.
            Fatal: It will not answer; `Denied` where a permission is missing.
        """
        value = prod(self._number(path) for path in self.paths)
        if value in _DISGUISED and not self._counts:
            code = 2**32 - value
            raise translated(self.paths[0], OSError(code, os.strerror(code)))
        if value < 0:
            raise Retry(f"{self.paths[-1]} tells a negative value: {value}")
        if value == 0 and self._zero_is is not None:
            raise Retry(f"{self.paths[0]} tells 0: {self._zero_is}")
        return value

    def close(self) -> None:
        """Let go of the files; may be called twice."""
        for path in list(self._descriptors):
            self._forget(path)

    def _number(self, path: Path) -> int:
        try:
            text = os.pread(self._open(path), _LONGEST_NUMBER, 0)
        except OSError as error:
            self._forget(path)  # a file that was taken away stays dead, also if it comes back
            raise translated(path, error) from error
        if _NUMBER.fullmatch(text.strip()) is None:
            raise Retry(f"{path} holds no number: {text!r}")
        return int(text)

    def _open(self, path: Path) -> int:
        """The open file; anew where the one held was replaced by another."""
        held = self._descriptors.get(path)
        if held is not None and not os.fstat(held).st_nlink:
            self._forget(path)
        if path not in self._descriptors:
            self._descriptors[path] = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        return self._descriptors[path]

    def _forget(self, path: Path) -> None:
        if path in self._descriptors:
            os.close(self._descriptors.pop(path))


def translated(path: Path, error: OSError) -> ProbeError:
    """What the caller does next about a file that cannot be read."""
    said = f"{path} cannot be read: {error.strerror}"
    # A driver also answers "no such device" where its firmware or its bus failed for once.
    if error.errno in _VANISHED:
        return Retry(said) if path.exists() else Gone(f"{path} vanished")
    if error.errno == errno.EACCES:
        return Denied(f"no permission to read {path}")
    if error.errno in _BUSY:
        return Busy(f"{said}: the device sleeps, is being reset or is busy")
    if error.errno == errno.ENODATA:
        return Off(said)
    return Retry(said)


def cure(error: ProbeError, chip: str, path: Path) -> str | None:
    """What a person can do about an error, or None.

    Args:
        error: Why the sensor cannot be read.
        chip: Name of the chip.
        path: The sensor's file.
    """
    if isinstance(error, Denied):
        return _how_to_grant(chip, path)
    switch = path.with_name(re.sub(r"_(input|average)$", "_enable", path.name))
    if isinstance(error, Off) and switch.exists():
        return f"switch the channel on: echo 1 | sudo tee {switch}"
    return None


def _how_to_grant(chip: str, path: Path) -> str:
    """Commands that open the file to a group until the next boot, and a rule for good."""
    files = f"/sys%p/{re.sub(r'[0-9]+', '*', path.name)}"
    run = f"RUN+=\"/bin/sh -c 'chgrp joulebook {files}; chmod g+r {files}'\""
    return "\n".join(
        (
            'sudo groupadd -f joulebook && sudo usermod -aG joulebook "$USER"',
            f"sudo chgrp joulebook {path} && sudo chmod g+r {path}",
            f"then log in again; to keep it over a restart, one line in {_RULES}:",
            f'SUBSYSTEM=="hwmon", ACTION=="add", ATTR{{name}}=="{chip}", {run}',
            "or give a service the capability CAP_DAC_READ_SEARCH",
        )
    )
