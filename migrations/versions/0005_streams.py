"""Numbers that arrived, as ranges by sender, in place of a row per batch."""

from collections.abc import Iterator
from itertools import groupby
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_SENT = ("host_id", "agent_id", "epoch", "seq")
_TOLD = ("role", "version", "received_us")


def upgrade() -> None:
    _create_streams()
    connection = op.get_bind()
    if rows := list(_ranges(connection)):
        connection.execute(_streams().insert(), rows)
    op.drop_table("batches")


def downgrade() -> None:
    _create_batches()
    connection = op.get_bind()
    batches = sa.table("batches", *map(sa.column, (*_SENT, "digest", *_TOLD)))
    if rows := list(_batches(connection)):
        connection.execute(batches.insert(), rows)
    op.drop_table("streams")


def _create_streams() -> None:
    op.create_table(
        "streams",
        sa.Column("host_id", sa.String(), nullable=False),
        sa.Column("agent_id", sa.String(), nullable=False),
        sa.Column("epoch", sa.String(), nullable=False),
        sa.Column("taken", sa.JSON(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("received_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("host_id", "agent_id", "epoch"),
    )


def _create_batches() -> None:
    op.create_table(
        "batches",
        sa.Column("host_id", sa.String(), nullable=False),
        sa.Column("agent_id", sa.String(), nullable=False),
        sa.Column("epoch", sa.String(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("received_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(*_SENT),
    )


def _ranges(connection: sa.Connection) -> Iterator[dict[str, Any]]:
    rows = connection.execute(
        sa.text("SELECT * FROM batches ORDER BY host_id, agent_id, epoch, seq")
    ).all()
    for key, its in groupby(rows, key=lambda row: (row.host_id, row.agent_id, row.epoch)):
        group = list(its)
        taken: list[list[int]] = []
        for row in group:
            if taken and taken[-1][1] == row.seq - 1:
                taken[-1][1] = row.seq
            else:
                taken.append([row.seq, row.seq])
        newest = max(group, key=lambda row: row.received_us)
        yield {
            **dict(zip(_SENT, key, strict=False)),
            "taken": taken,
            "role": newest.role,
            "version": newest.version,
            "received_us": newest.received_us,
        }


def _batches(connection: sa.Connection) -> Iterator[dict[str, Any]]:
    """A row per batch whose readings are held: of others nothing but their numbers is known."""
    sent = connection.execute(_streams().select())
    streams = {(row.host_id, row.agent_id, row.epoch): row for row in sent}
    query = sa.text("SELECT DISTINCT host_id, agent_id, epoch, seq, digest FROM readings")
    for row in connection.execute(query).all():
        stream = streams[row.host_id, row.agent_id, row.epoch]
        yield {**row._mapping, **{name: getattr(stream, name) for name in _TOLD}}  # noqa: SLF001 - SQLAlchemy's public name


def _streams() -> sa.TableClause:
    names = (*_SENT[:3], *_TOLD)
    return sa.table("streams", *map(sa.column, names), sa.column("taken", sa.JSON()))
