"""What all tests share: how hypothesis searches, that no service is left behind, and signals."""

import signal

from hypothesis import settings
from tests import postgres

# No deadline: nothing here depends on how fast the machine is. The same examples on every
# run: a stranger's first `make test` says the same as ours.
settings.register_profile("joulebook", deadline=None, derandomize=True)
settings.load_profile("joulebook")

# What is ignored stays ignored, also by what is started here: under nohup, or behind a shell's "&",
# no process of the tests could be asked to end.
for number, usual in ((signal.SIGINT, signal.default_int_handler), (signal.SIGHUP, signal.SIG_DFL)):
    if signal.getsignal(number) == signal.SIG_IGN:
        signal.signal(number, usual)


def pytest_sessionfinish() -> None:
    """Every process that runs tests stops the PostgreSQL that it started."""
    postgres.stop()
