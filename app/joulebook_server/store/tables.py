"""The schema. Tables that grow with hosts have `host_id` in their key, so they can be spread.

Times are µs since the Unix epoch, energies µJ. An empty text stands for "none" where a column is
part of a key.
"""

from typing import Any

from sqlalchemy import JSON, BigInteger, Boolean, Index, LargeBinary, String, Table
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    """Root of all tables; whole numbers are 64 bit wide."""

    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy's own name
        int: BigInteger,
        str: String,
        dict[str, Any]: JSON,
        list[Any]: JSON,
        bytes: LargeBinary,
    }


def table_of(row: type[Base]) -> Table:
    """The table behind a row class."""
    table = row.__table__
    assert isinstance(table, Table)  # noqa: S101 - true of every class here
    return table


class HostRow(Base):
    """A machine that has sent something. `agent_us`: when an agent last told of it; 0 for never."""

    __tablename__ = "hosts"
    host_id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    boot_id: Mapped[str]
    zone: Mapped[str]
    labels: Mapped[dict[str, Any]]
    first_us: Mapped[int]
    last_us: Mapped[int]
    agent_us: Mapped[int]


class IdentityRow(Base):
    """Which host a boot stands for, and a machine-id that reported under it.

    An empty machine-id is the boot itself; `by_agent` tells whether an agent named it. The one
    table that grows with hosts and has no host id in its key: it is what tells the host id.
    """

    __tablename__ = "identities"
    boot_id: Mapped[str] = mapped_column(primary_key=True)
    machine_id: Mapped[str] = mapped_column(primary_key=True)
    host_id: Mapped[str]
    by_agent: Mapped[bool] = mapped_column(Boolean)


class StreamRow(Base):
    """What arrived of one sender's numbers (`store.streams`), and who it was."""

    __tablename__ = "streams"
    host_id: Mapped[str] = mapped_column(primary_key=True)
    agent_id: Mapped[str] = mapped_column(primary_key=True)
    epoch: Mapped[str] = mapped_column(primary_key=True)
    taken: Mapped[list[Any]]
    role: Mapped[str]
    version: Mapped[str]
    received_us: Mapped[int]


class DeviceRow(Base):
    """A device of a host, as last described; `agent_us` as of a host."""

    __tablename__ = "devices"
    host_id: Mapped[str] = mapped_column(primary_key=True)
    device_uid: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    scope: Mapped[str]
    additive: Mapped[bool] = mapped_column(Boolean)
    name: Mapped[str]
    vendor: Mapped[str]
    problem: Mapped[str | None]
    last_us: Mapped[int]
    agent_us: Mapped[int]


class ReadingRow(Base):
    """What one batch measured in one quarter hour, as it came (`store.payload`).

    `digest` is the whole batch's. A batch without windows is kept in the quarter hour 0.
    """

    __tablename__ = "readings"
    host_id: Mapped[str] = mapped_column(primary_key=True)
    quarter_us: Mapped[int] = mapped_column(primary_key=True)
    agent_id: Mapped[str] = mapped_column(primary_key=True)
    epoch: Mapped[str] = mapped_column(primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True)
    boot_id: Mapped[str]
    digest: Mapped[str]
    payload: Mapped[bytes]

    __table_args__ = (Index("readings_by_number", "host_id", "agent_id", "epoch", "seq"),)


class LedgerRow(Base):
    """The ledger: energy of a device in a quarter hour, by bucket, job, method and zone.

    `observed_us` is the observed time of the windows in which the bucket and job had a part. The
    squares of random errors, µJ², are summed in two limbs (`store.squares`).
    """

    __tablename__ = "ledger"
    host_id: Mapped[str] = mapped_column(primary_key=True)
    quarter_us: Mapped[int] = mapped_column(primary_key=True)
    device_uid: Mapped[str] = mapped_column(primary_key=True)
    bucket: Mapped[str] = mapped_column(primary_key=True)
    job_uid: Mapped[str] = mapped_column(primary_key=True)
    method: Mapped[str] = mapped_column(primary_key=True)
    zone: Mapped[str] = mapped_column(primary_key=True)
    energy_uj: Mapped[int]
    observed_us: Mapped[int]
    err_sys_uj: Mapped[int]
    err_rand_high: Mapped[int]
    err_rand_low: Mapped[int]

    __table_args__ = (Index("ledger_by_job", "job_uid"), Index("ledger_by_time", "quarter_us"))


class PresenceRow(Base):
    """What the meters of a device came to within a quarter hour, and when it was watched.

    `own_uj` is what the agent itself used of it; None where none told. `sender` is who sent all of
    it so far, up to batch `seq`, each window after the one before it; empty where that is not so.
    """

    __tablename__ = "presence"
    host_id: Mapped[str] = mapped_column(primary_key=True)
    quarter_us: Mapped[int] = mapped_column(primary_key=True)
    device_uid: Mapped[str] = mapped_column(primary_key=True)
    first_us: Mapped[int]
    last_us: Mapped[int]
    observed_us: Mapped[int]
    energy_uj: Mapped[int]
    own_uj: Mapped[int | None]
    method: Mapped[str]
    sender: Mapped[str]
    seq: Mapped[int]

    __table_args__ = (Index("presence_by_time", "quarter_us"),)


class RollupRow(Base):
    """The ledger once more, by what reports ask for. Recomputed with the ledger, never apart."""

    __tablename__ = "rollup"
    host_id: Mapped[str] = mapped_column(primary_key=True)
    quarter_us: Mapped[int] = mapped_column(primary_key=True)
    zone: Mapped[str] = mapped_column(primary_key=True)
    project: Mapped[str] = mapped_column(primary_key=True)
    model: Mapped[str] = mapped_column(primary_key=True)
    variant: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    component: Mapped[str] = mapped_column(primary_key=True)
    bucket: Mapped[str] = mapped_column(primary_key=True)
    method: Mapped[str] = mapped_column(primary_key=True)
    energy_uj: Mapped[int]
    observed_us: Mapped[int]
    err_sys_uj: Mapped[int]
    err_rand_high: Mapped[int]
    err_rand_low: Mapped[int]

    __table_args__ = (Index("rollup_by_time", "quarter_us"),)


class JobReportRow(Base):
    """What one reporter last said of a job; ingest writes these and never `jobs`."""

    __tablename__ = "job_reports"
    host_id: Mapped[str] = mapped_column(primary_key=True)
    agent_id: Mapped[str] = mapped_column(primary_key=True)
    job_uid: Mapped[str] = mapped_column(primary_key=True)
    reporter: Mapped[str] = mapped_column(primary_key=True)
    rev: Mapped[int]
    parent: Mapped[str | None]
    phase: Mapped[str | None]
    name: Mapped[str | None]
    project: Mapped[str | None]
    kind: Mapped[str]
    user: Mapped[str | None]
    model: Mapped[str | None]
    variant: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    started_us: Mapped[int]
    ended_us: Mapped[int | None]
    work: Mapped[dict[str, Any]]
    quality: Mapped[dict[str, Any]]
    last_us: Mapped[int]

    __table_args__ = (
        Index("job_reports_by_uid", "job_uid"),
        Index("job_reports_by_start", "started_us", "job_uid"),
    )


class JobRow(Base):
    """What a person said of a job: a correction wins over every report."""

    __tablename__ = "jobs"
    job_uid: Mapped[str] = mapped_column(primary_key=True)
    revision: Mapped[int]
    corrections: Mapped[dict[str, Any]]
    updated_us: Mapped[int]
