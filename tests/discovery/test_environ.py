"""What the environment of a process says of its job."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.discovery.trees import Host
from tests.waiting import until

from joulebook.discovery.environ import labels, text, variables
from joulebook.settings.records import Labels


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path)


def test_the_few_variables_that_matter_are_read_and_no_others(host: Host) -> None:
    host.starts(
        7,
        environ={
            "AWS_SECRET_ACCESS_KEY": "x",
            "JOULEBOOK_MODEL": "m=1",
            "JOULEBOOK_TOKEN": "x",
            "SLURM_JOB_ID": "9",
            "SLURM_NTASKS": "4",
        },
    )
    assert variables(str(host.root), 7) == {"JOULEBOOK_MODEL": "m=1", "SLURM_JOB_ID": "9"}


def test_of_two_with_one_name_the_first_counts_and_an_empty_one_is_not_set(host: Host) -> None:
    host.starts(7, environ=b"JOULEBOOK_KIND=\0JOULEBOOK_MODEL=a\0JOULEBOOK_MODEL=b\0")
    assert variables(str(host.root), 7) == {"JOULEBOOK_MODEL": "a"}


def test_an_environment_that_may_not_be_read_is_not_an_empty_one(host: Host) -> None:
    host.starts(7, environ=None)
    host.starts(8, environ=b"")
    assert (variables(str(host.root), 7), variables(str(host.root), 8)) == (None, {})


def test_an_environment_of_any_size_is_read_up_to_a_bound(host: Host) -> None:
    filler = b"X=" + b"x" * (1 << 17) + b"\0"
    host.starts(7, environ=b"Y=" + b"y" * 70_000 + b"\0JOULEBOOK_MODEL=late\0")
    host.starts(8, environ=b"JOULEBOOK_MODEL=early\0" + filler + b"JOULEBOOK_KIND=training\0")
    assert variables(str(host.root), 7) == {"JOULEBOOK_MODEL": "late"}
    assert variables(str(host.root), 8) == {"JOULEBOOK_MODEL": "early"}


def test_a_variable_that_the_bound_cuts_is_left_out(host: Host) -> None:
    host.starts(7, environ=b"X=" + b"x" * ((1 << 17) - 22) + b"\0JOULEBOOK_MODEL=resnet50\0")
    assert variables(str(host.root), 7) == {}


def test_labels_are_read_as_settings_are() -> None:
    told = {"JOULEBOOK_MODEL": "m", "JOULEBOOK_KIND": "training", "JOULEBOOK_JOB_ID": "j"}
    complaints: list[str] = []
    assert labels(told, complaints.append) == Labels("m", None, None, "training", "j")
    assert complaints == []


def test_a_label_that_cannot_be_read_is_left_out_and_told(host: Host) -> None:
    host.starts(7, environ=b"JOULEBOOK_MODEL=\xff\0JOULEBOOK_KIND=trainng\0JOULEBOOK_PROJECT=p\0")
    complaints: list[str] = []
    told = variables(str(host.root), 7)
    assert told is not None
    assert labels(told, complaints.append) == Labels(project="p")
    assert [complaint.split()[0] for complaint in complaints] == [
        "JOULEBOOK_MODEL",
        "JOULEBOOK_KIND",
    ]
    assert "one of training" in complaints[1]


def test_a_text_of_others_is_made_to_fit(host: Host) -> None:
    host.starts(7, environ=b"SLURM_JOB_NAME=a\xff" + b"b" * 600 + b"\0")
    told = variables(str(host.root), 7) or {}
    name = text(told, "SLURM_JOB_NAME")
    assert name == "a\N{REPLACEMENT CHARACTER}" + "b" * 510
    assert text(told, "SLURM_JOB_ACCOUNT") is None


def test_a_real_process_shows_what_it_was_started_with() -> None:
    wanted = {"JOULEBOOK_MODEL": "m", "SLURM_JOB_ID": "7"}
    with subprocess.Popen(["sleep", "60"], env={**wanted, "OTHER": "x"}) as process:
        try:
            # Until the program is loaded, the environment is empty: why young ones are read again.
            assert until(lambda: variables("/proc", process.pid) != {})
            assert variables("/proc", process.pid) == wanted
        finally:
            process.kill()
    assert variables("/proc", process.pid) is None


@pytest.mark.skipif(os.getuid() != 0, reason="only root may run a reader as another user")
def test_a_process_of_another_user_tells_nothing_without_the_right() -> None:
    program = f"""
import os, sys
from joulebook.discovery.environ import variables  # as root: the package may lie out of reach
os.setgroups([]); os.setgid(65534); os.setuid(65534)
print(variables("/proc", {os.getpid()}))
"""
    told = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert told.stdout == "None\n"
