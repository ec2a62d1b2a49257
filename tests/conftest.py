"""What all tests share: how hypothesis searches, and that no service is left behind."""

from hypothesis import settings
from tests import postgres

# No deadline: nothing here depends on how fast the machine is. The same examples on every
# run: a stranger's first `make test` says the same as ours.
settings.register_profile("joulebook", deadline=None, derandomize=True)
settings.load_profile("joulebook")


def pytest_sessionfinish() -> None:
    """Every process that runs tests stops the PostgreSQL that it started."""
    postgres.stop()
