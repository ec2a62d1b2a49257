"""What an error of a value file makes of its sensor, and what cures it."""

import errno
import os
from pathlib import Path

import pytest

from joulebook.errors import Fatal, Gone, Retry
from joulebook.probes.hwmon.files import Busy, Denied, Off, cure, translated


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A value file that is there."""
    path = tmp_path / "power1_average"
    path.write_text("1\n")
    return path


def failure(code: int) -> OSError:
    return OSError(code, os.strerror(code))


@pytest.mark.parametrize("code", [errno.ENODEV, errno.ENXIO, errno.ENOENT, errno.ENOTDIR])
def test_a_file_that_is_there_no_more_belongs_to_a_device_that_left(
    tmp_path: Path, code: int
) -> None:
    assert type(translated(tmp_path / "power1_average", failure(code))) is Gone


@pytest.mark.parametrize("code", [errno.ENODEV, errno.ENXIO])
def test_a_driver_that_finds_no_device_under_a_file_that_is_there_is_asked_again(
    path: Path, code: int
) -> None:
    assert type(translated(path, failure(code))) is Retry


@pytest.mark.parametrize("code", [errno.EPERM, errno.EBUSY, errno.EAGAIN, errno.ETIME])
def test_a_device_that_sleeps_or_is_busy_will_answer_later(path: Path, code: int) -> None:
    assert type(translated(path, failure(code))) is Busy


@pytest.mark.parametrize("code", [errno.EIO, errno.EINVAL, errno.EOPNOTSUPP, errno.EISDIR])
def test_what_a_driver_cannot_tell_now_is_asked_again(path: Path, code: int) -> None:
    assert type(translated(path, failure(code))) is Retry


def test_a_missing_permission_is_final(path: Path) -> None:
    error = translated(path, failure(errno.EACCES))
    assert isinstance(error, Fatal)
    assert isinstance(error, Denied)


def test_a_channel_that_is_switched_off_tells_how_to_switch_it_on(path: Path) -> None:
    switch = path.with_name("power1_enable")
    switch.write_text("0\n")
    error = translated(path, failure(errno.ENODATA))
    assert isinstance(error, Off)
    assert cure(error, "ina3221", path) == f"switch the channel on: echo 1 | sudo tee {switch}"


def test_what_nobody_can_cure_promises_nothing(path: Path) -> None:
    assert cure(translated(path, failure(errno.ENODATA)), "ina3221", path) is None
    assert cure(translated(path, failure(errno.EIO)), "amdgpu", path) is None
