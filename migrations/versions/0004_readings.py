"""Readings as they came: a row per batch and quarter hour in place of one per window and part."""

import json
import zlib
from collections.abc import Iterator, Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_Row = sa.Row[Any]
_Devices = dict[tuple[str, str], _Row]
_GZIP = zlib.MAX_WBITS | 16
_SENT = ("host_id", "agent_id", "epoch", "seq")
_NUMBERS = ("start_us", "end_us", "counter_start_uj", "counter_end_uj", "energy_uj")
_FIGURES = ("observed_us", "method", "err_sys_uj", "err_rand_uj", "power_max_mw", "utilization")
_COLUMNS = (*_NUMBERS, *_FIGURES, "own_uj")


def upgrade() -> None:
    _create_readings()
    connection = op.get_bind()
    if rows := list(_packed(connection)):
        connection.execute(_readings().insert(), rows)
    for name in ("parts", "meters"):
        op.drop_table(name)


def downgrade() -> None:
    _create_rows()
    _unpack(op.get_bind())
    op.drop_table("readings")


def _create_readings() -> None:
    op.create_table(
        "readings",
        sa.Column("host_id", sa.String(), nullable=False),
        sa.Column("quarter_us", sa.BigInteger(), nullable=False),
        sa.Column("agent_id", sa.String(), nullable=False),
        sa.Column("epoch", sa.String(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("boot_id", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("host_id", "quarter_us", "agent_id", "epoch", "seq"),
        postgresql_partition_by="RANGE (quarter_us)",
    )
    op.create_index("readings_by_number", "readings", list(_SENT), unique=False)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("CREATE TABLE readings_default PARTITION OF readings DEFAULT")


def _create_rows() -> None:
    key = [str(column.name) for column in _window()[:-1]]
    op.create_table(
        "meters",
        *_window(),
        sa.Column("end_us", sa.BigInteger(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("boot_id", sa.String(), nullable=False),
        sa.Column("zone", sa.String(), nullable=False),
        sa.Column("counter_start_uj", sa.BigInteger(), nullable=True),
        sa.Column("counter_end_uj", sa.BigInteger(), nullable=True),
        sa.Column("energy_uj", sa.BigInteger(), nullable=False),
        sa.Column("observed_us", sa.BigInteger(), nullable=False),
        sa.Column("method", sa.String(), nullable=False),
        sa.Column("err_sys_uj", sa.BigInteger(), nullable=False),
        sa.Column("err_rand_uj", sa.BigInteger(), nullable=False),
        sa.Column("power_max_mw", sa.BigInteger(), nullable=True),
        sa.Column("utilization", sa.Float(), nullable=True),
        sa.Column("own_uj", sa.BigInteger(), nullable=True),
        sa.Column("counts", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint(*key),
    )
    op.create_table(
        "parts",
        *_window(),
        sa.Column("bucket", sa.String(), nullable=False),
        sa.Column("job_uid", sa.String(), nullable=False),
        sa.Column("energy_uj", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(*key, "bucket", "job_uid"),
    )
    for name in ("meters", "parts"):
        columns = ["host_id", "device_uid", "quarter_us"]
        op.create_index(f"{name}_by_quarter", name, columns, unique=False)


def _window() -> list[sa.Column[Any]]:
    return [
        sa.Column("host_id", sa.String(), nullable=False),
        sa.Column("device_uid", sa.String(), nullable=False),
        sa.Column("start_us", sa.BigInteger(), nullable=False),
        sa.Column("agent_id", sa.String(), nullable=False),
        sa.Column("epoch", sa.String(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("quarter_us", sa.BigInteger(), nullable=False),
    ]


def _packed(connection: sa.Connection) -> Iterator[dict[str, Any]]:
    """Rows of readings from rows of windows and parts."""
    devices = {
        (row.host_id, row.device_uid): row
        for row in connection.execute(sa.text("SELECT * FROM devices"))
    }
    batches = connection.execute(sa.text("SELECT * FROM batches")).all()
    for batch in batches:
        which = {name: getattr(batch, name) for name in _SENT}
        where = " AND ".join(f"{name} = :{name}" for name in _SENT)
        meters, parts = (
            connection.execute(
                sa.text(f"SELECT * FROM {table} WHERE {where} ORDER BY position"),  # noqa: S608 - our own names
                which,
            ).all()
            for table in ("meters", "parts")
        )
        quarters = sorted({row.quarter_us for row in meters}) or [0]
        for quarter_us in quarters:
            its = [row for row in meters if row.quarter_us == quarter_us]
            booked = [row for row in parts if row.quarter_us == quarter_us]
            tree = _tree(batch, its, booked, devices)
            yield {
                **which,
                "quarter_us": quarter_us,
                "boot_id": its[0].boot_id if its else "",
                "digest": batch.digest,
                "payload": _gzip(json.dumps(tree, separators=(",", ":")).encode()),
            }


def _tree(
    batch: _Row, meters: Sequence[_Row], parts: Sequence[_Row], devices: _Devices
) -> dict[str, Any]:
    uids = sorted({row.device_uid for row in meters})
    refs = {uid: ref for ref, uid in enumerate(uids)}
    jobs = sorted({row.job_uid for row in parts if row.job_uid})
    numbers = {row.position: index for index, row in enumerate(meters)}
    return {
        "schema": 1,
        "agent": {
            "id": batch.agent_id,
            "epoch": batch.epoch,
            "role": batch.role,
            "version": batch.version,
        },
        "seq": batch.seq,
        "host": {
            "id": batch.host_id,
            "name": batch.host_id,
            "boot_id": meters[0].boot_id if meters else "",
            "zone": (meters[0].zone or None) if meters else None,
            "labels": {},
        },
        "devices": [
            _device(ref, uid, devices.get((batch.host_id, uid))) for uid, ref in refs.items()
        ],
        "jobs": [_job(ref, uid) for ref, uid in enumerate(jobs)],
        "meters": {
            "device": [refs[row.device_uid] for row in meters],
            **{name: [getattr(row, name) for row in meters] for name in _COLUMNS},
        },
        "parts": {
            "meter": [numbers[row.position] for row in parts],
            "job": [jobs.index(row.job_uid) if row.job_uid else -1 for row in parts],
            "bucket": [row.bucket for row in parts],
            "energy_uj": [row.energy_uj for row in parts],
        },
    }


def _device(ref: int, uid: str, known: _Row | None) -> dict[str, Any]:
    names = ("kind", "scope", "additive", "name", "vendor", "problem")
    unknown = ("other", "other", True, uid, "unknown", None)
    told = {
        name: getattr(known, name) if known is not None else default
        for name, default in zip(names, unknown, strict=True)
    }
    return {"ref": ref, "uid": uid, **told, "additive": bool(told["additive"])}


def _job(ref: int, uid: str) -> dict[str, Any]:
    unknown = ("parent", "phase", "name", "project", "user", "model", "variant", "ended_at")
    began = "1970-01-01T00:00:00.000000Z"
    known = {"ref": ref, "rev": 0, "uid": uid, "kind": "other", "started_at": began}
    return {**known, **dict.fromkeys(unknown), "work": {}, "quality": {}}


def _unpack(connection: sa.Connection) -> None:
    """Rows of windows and parts from readings; which of them count, the fold tells."""
    from joulebook_server.store.jobs import parents_of  # noqa: PLC0415 - on the way down alone
    from joulebook_server.store.payload import windows  # noqa: PLC0415 - likewise
    from joulebook_server.store.quarter import booked  # noqa: PLC0415 - likewise

    by_place: dict[tuple[str, str, int], list[Any]] = {}
    for row in connection.execute(_readings().select()):
        for one in windows(row):
            by_place.setdefault((one.host_id, one.device_uid, one.quarter_us), []).append(one)
    for (host_id, _, quarter_us), its in by_place.items():
        counting, _ = booked(its, parents_of(connection, host_id))
        for one in its:
            at = {
                "host_id": host_id,
                "device_uid": one.device_uid,
                "start_us": one.start_us,
                "agent_id": one.agent_id,
                "epoch": one.epoch,
                "seq": one.seq,
                # A place within a piece is unique in its quarter hour, and must be in all.
                "position": one.position,
                "quarter_us": quarter_us,
            }
            meter = {name: getattr(one, name, None) for name in _COLUMNS}
            more = {"role": one.role, "boot_id": one.boot_id, "zone": one.zone}
            window = {**at, **meter, **more, "counts": one.key in counting}
            connection.execute(_table("meters", *window).insert(), [window])
            for part in one.parts:
                booking = {
                    **at,
                    "bucket": part.bucket,
                    "job_uid": part.job_uid,
                    "energy_uj": part.energy_uj,
                }
                connection.execute(_table("parts", *booking).insert(), [booking])


def _gzip(content: bytes) -> bytes:
    packer = zlib.compressobj(6, zlib.DEFLATED, _GZIP)
    return packer.compress(content) + packer.flush()


def _table(name: str, *columns: str) -> sa.TableClause:
    return sa.table(name, *map(sa.column, columns))


def _readings() -> sa.TableClause:
    names = ("quarter_us", "boot_id", "digest", "payload")
    return _table("readings", *_SENT, *names)
