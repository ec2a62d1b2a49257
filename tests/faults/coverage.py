"""How much of its time a device was watched, as the server's report tells it."""

from tests.endtoend.conftest import Server
from tests.faults.stage import UID


def coverage_of(server: Server, uid: str = UID) -> float:
    """Coverage of a device, from 0 to 1."""
    rows = server.get("/v1/reports?group_by=device")["rows"]
    (coverage,) = [row["coverage"] for row in rows if row["device"] == uid]
    assert isinstance(coverage, float)
    return coverage
