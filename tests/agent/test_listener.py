"""Callers that are not there any more when the agent gets to them."""

import signal
import subprocess
import sys
from collections.abc import Callable

import pytest
from tests.agent.conftest import Agent

CALLERS = 3


def test_callers_that_gave_up_while_the_agent_was_frozen_leave_no_trace_in_its_log(
    start_agent: Callable[..., Agent], capfd: pytest.CaptureFixture[str]
) -> None:
    agent = start_agent()
    agent.process.send_signal(signal.SIGSTOP)
    for _ in range(CALLERS):
        subprocess.run(
            [sys.executable, "-m", "joulebook", "run", "--", "true"],
            env=agent.environment,
            capture_output=True,
            check=True,
            timeout=60,
        )
    agent.process.send_signal(signal.SIGCONT)
    with agent.track("with joulebook.track(): pass") as caller:
        caller.communicate(timeout=60)  # others are served as ever
    agent.stop()
    assert agent.process.returncode == 0
    assert "Traceback" not in capfd.readouterr().err
