"""What meters came to by quarter hour, and squares of errors that can be added to."""

from collections.abc import Iterable
from math import isqrt
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_Row = sa.Row[Any]
_LIMB = 2**46


def upgrade() -> None:
    connection = op.get_bind()
    _add_presence(connection)
    for name in ("ledger", "rollup"):
        _to_limbs(connection, name)
    op.create_index("presence_by_time", "presence", ["quarter_us"], unique=False)


def downgrade() -> None:
    op.drop_index("presence_by_time", "presence")
    connection = op.get_bind()
    for name in ("ledger", "rollup"):
        _from_limbs(connection, name)
    with op.batch_alter_table("presence", schema=None) as batch_op:
        for name in ("energy_uj", "own_uj", "method", "sender", "seq"):
            batch_op.drop_column(name)


def _add_presence(connection: sa.Connection) -> None:
    with op.batch_alter_table("presence", schema=None) as batch_op:
        for name in ("energy_uj", "seq"):
            batch_op.add_column(
                sa.Column(name, sa.BigInteger(), nullable=False, server_default="0")
            )
        for name in ("method", "sender"):
            batch_op.add_column(sa.Column(name, sa.String(), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("own_uj", sa.BigInteger(), nullable=True))
    with op.batch_alter_table("presence", schema=None) as batch_op:
        for name in ("energy_uj", "seq", "method", "sender"):
            batch_op.alter_column(name, server_default=None)
    found: dict[tuple[str, str, int], dict[str, Any]] = {}
    query = "SELECT * FROM meters ORDER BY start_us"
    for row in connection.execute(sa.text(query)):
        if row.counts:
            key = (row.host_id, row.device_uid, row.quarter_us)
            total = found.setdefault(key, {"energy": 0, "own": None, "method": ""})
            total["energy"] += row.energy_uj
            total["method"] = row.method
            if row.own_uj is not None:
                total["own"] = (total["own"] or 0) + row.own_uj
    for (host, device, quarter), total in found.items():
        connection.execute(
            sa.text(
                "UPDATE presence SET energy_uj = :energy, own_uj = :own, method = :method WHERE "
                "host_id = :host AND device_uid = :device AND quarter_us = :quarter"
            ),
            {**total, "host": host, "device": device, "quarter": quarter},
        )


def _to_limbs(connection: sa.Connection, name: str) -> None:
    """The squares of what was added in quadrature: within what was rounded then."""
    with op.batch_alter_table(name, schema=None) as batch_op:
        for column in ("err_rand_high", "err_rand_low"):
            batch_op.add_column(
                sa.Column(column, sa.BigInteger(), nullable=False, server_default="0")
            )
    key = _key_of(connection, name)
    for row in connection.execute(sa.text(f"SELECT * FROM {name}")).all():  # noqa: S608 - one of two
        high, low = divmod(row.err_rand_uj**2, _LIMB)
        told = {"err_rand_high": high, "err_rand_low": low}
        _update(connection, name, key, row, told)
    with op.batch_alter_table(name, schema=None) as batch_op:
        batch_op.drop_column("err_rand_uj")
        for column in ("err_rand_high", "err_rand_low"):
            batch_op.alter_column(column, server_default=None)


def _from_limbs(connection: sa.Connection, name: str) -> None:
    with op.batch_alter_table(name, schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("err_rand_uj", sa.BigInteger(), nullable=False, server_default="0")
        )
    key = _key_of(connection, name)
    for row in connection.execute(sa.text(f"SELECT * FROM {name}")).all():  # noqa: S608 - one of two
        square = row.err_rand_high * _LIMB + row.err_rand_low
        root = isqrt(square)
        _update(connection, name, key, row, {"err_rand_uj": root + (root * root < square)})
    with op.batch_alter_table(name, schema=None) as batch_op:
        for column in ("err_rand_high", "err_rand_low"):
            batch_op.drop_column(column)
        batch_op.alter_column("err_rand_uj", server_default=None)


def _key_of(connection: sa.Connection, name: str) -> list[str]:
    return list(sa.inspect(connection).get_pk_constraint(name)["constrained_columns"])


def _update(
    connection: sa.Connection, table: str, key: Iterable[str], row: _Row, told: dict[str, int]
) -> None:
    where = " AND ".join(f"{name} = :{name}" for name in key)
    changed = ", ".join(f"{name} = :{name}" for name in told)
    connection.execute(
        sa.text(f"UPDATE {table} SET {changed} WHERE {where}"),  # noqa: S608 - our own names
        {**{name: getattr(row, name) for name in key}, **told},
    )
