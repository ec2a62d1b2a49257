"""The ledger, its readings and its jobs."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
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
        sa.PrimaryKeyConstraint("host_id", "agent_id", "epoch", "seq"),
    )
    op.create_table(
        "devices",
        sa.Column("host_id", sa.String(), nullable=False),
        sa.Column("device_uid", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("scope", sa.String(), nullable=False),
        sa.Column("additive", sa.Boolean(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("vendor", sa.String(), nullable=False),
        sa.Column("problem", sa.String(), nullable=True),
        sa.Column("last_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("host_id", "device_uid"),
    )
    op.create_table(
        "hosts",
        sa.Column("host_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("boot_id", sa.String(), nullable=False),
        sa.Column("zone", sa.String(), nullable=False),
        sa.Column("labels", sa.JSON(), nullable=False),
        sa.Column("first_us", sa.BigInteger(), nullable=False),
        sa.Column("last_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("host_id"),
    )
    op.create_table(
        "job_reports",
        sa.Column("host_id", sa.String(), nullable=False),
        sa.Column("agent_id", sa.String(), nullable=False),
        sa.Column("job_uid", sa.String(), nullable=False),
        sa.Column("reporter", sa.String(), nullable=False),
        sa.Column("rev", sa.BigInteger(), nullable=False),
        sa.Column("parent", sa.String(), nullable=True),
        sa.Column("phase", sa.String(), nullable=True),
        sa.Column("name", sa.String(), nullable=True),
        sa.Column("project", sa.String(), nullable=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("user", sa.String(), nullable=True),
        sa.Column("model", sa.String(), nullable=True),
        sa.Column("variant", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("started_us", sa.BigInteger(), nullable=False),
        sa.Column("ended_us", sa.BigInteger(), nullable=True),
        sa.Column("work", sa.JSON(), nullable=False),
        sa.Column("quality", sa.JSON(), nullable=False),
        sa.Column("last_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("host_id", "agent_id", "job_uid", "reporter"),
    )
    with op.batch_alter_table("job_reports", schema=None) as batch_op:
        batch_op.create_index("job_reports_by_start", ["started_us", "job_uid"], unique=False)
        batch_op.create_index("job_reports_by_uid", ["job_uid"], unique=False)

    op.create_table(
        "jobs",
        sa.Column("job_uid", sa.String(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("corrections", sa.JSON(), nullable=False),
        sa.Column("updated_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("job_uid"),
    )
    op.create_table(
        "ledger",
        sa.Column("host_id", sa.String(), nullable=False),
        sa.Column("quarter_us", sa.BigInteger(), nullable=False),
        sa.Column("device_uid", sa.String(), nullable=False),
        sa.Column("bucket", sa.String(), nullable=False),
        sa.Column("job_uid", sa.String(), nullable=False),
        sa.Column("method", sa.String(), nullable=False),
        sa.Column("zone", sa.String(), nullable=False),
        sa.Column("energy_uj", sa.BigInteger(), nullable=False),
        sa.Column("observed_us", sa.BigInteger(), nullable=False),
        sa.Column("err_sys_uj", sa.BigInteger(), nullable=False),
        sa.Column("err_rand_uj", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            "host_id", "quarter_us", "device_uid", "bucket", "job_uid", "method", "zone"
        ),
    )
    with op.batch_alter_table("ledger", schema=None) as batch_op:
        batch_op.create_index("ledger_by_job", ["job_uid"], unique=False)
        batch_op.create_index("ledger_by_time", ["quarter_us"], unique=False)

    op.create_table(
        "meters",
        sa.Column("host_id", sa.String(), nullable=False),
        sa.Column("device_uid", sa.String(), nullable=False),
        sa.Column("start_us", sa.BigInteger(), nullable=False),
        sa.Column("agent_id", sa.String(), nullable=False),
        sa.Column("epoch", sa.String(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("quarter_us", sa.BigInteger(), nullable=False),
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
        sa.Column("counts", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint(
            "host_id", "device_uid", "start_us", "agent_id", "epoch", "seq", "position"
        ),
    )
    with op.batch_alter_table("meters", schema=None) as batch_op:
        batch_op.create_index(
            "meters_by_quarter", ["host_id", "device_uid", "quarter_us"], unique=False
        )

    op.create_table(
        "parts",
        sa.Column("host_id", sa.String(), nullable=False),
        sa.Column("device_uid", sa.String(), nullable=False),
        sa.Column("start_us", sa.BigInteger(), nullable=False),
        sa.Column("agent_id", sa.String(), nullable=False),
        sa.Column("epoch", sa.String(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("bucket", sa.String(), nullable=False),
        sa.Column("job_uid", sa.String(), nullable=False),
        sa.Column("quarter_us", sa.BigInteger(), nullable=False),
        sa.Column("energy_uj", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            "host_id",
            "device_uid",
            "start_us",
            "agent_id",
            "epoch",
            "seq",
            "position",
            "bucket",
            "job_uid",
        ),
    )
    with op.batch_alter_table("parts", schema=None) as batch_op:
        batch_op.create_index(
            "parts_by_quarter", ["host_id", "device_uid", "quarter_us"], unique=False
        )

    op.create_table(
        "presence",
        sa.Column("host_id", sa.String(), nullable=False),
        sa.Column("quarter_us", sa.BigInteger(), nullable=False),
        sa.Column("device_uid", sa.String(), nullable=False),
        sa.Column("first_us", sa.BigInteger(), nullable=False),
        sa.Column("last_us", sa.BigInteger(), nullable=False),
        sa.Column("observed_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("host_id", "quarter_us", "device_uid"),
    )
    op.create_table(
        "rollup",
        sa.Column("host_id", sa.String(), nullable=False),
        sa.Column("quarter_us", sa.BigInteger(), nullable=False),
        sa.Column("zone", sa.String(), nullable=False),
        sa.Column("project", sa.String(), nullable=False),
        sa.Column("model", sa.String(), nullable=False),
        sa.Column("variant", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("component", sa.String(), nullable=False),
        sa.Column("bucket", sa.String(), nullable=False),
        sa.Column("method", sa.String(), nullable=False),
        sa.Column("energy_uj", sa.BigInteger(), nullable=False),
        sa.Column("observed_us", sa.BigInteger(), nullable=False),
        sa.Column("err_sys_uj", sa.BigInteger(), nullable=False),
        sa.Column("err_rand_uj", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            "host_id",
            "quarter_us",
            "zone",
            "project",
            "model",
            "variant",
            "kind",
            "component",
            "bucket",
            "method",
        ),
    )
    with op.batch_alter_table("rollup", schema=None) as batch_op:
        batch_op.create_index("rollup_by_time", ["quarter_us"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("rollup", schema=None) as batch_op:
        batch_op.drop_index("rollup_by_time")

    op.drop_table("rollup")
    op.drop_table("presence")
    with op.batch_alter_table("parts", schema=None) as batch_op:
        batch_op.drop_index("parts_by_quarter")

    op.drop_table("parts")
    with op.batch_alter_table("meters", schema=None) as batch_op:
        batch_op.drop_index("meters_by_quarter")

    op.drop_table("meters")
    with op.batch_alter_table("ledger", schema=None) as batch_op:
        batch_op.drop_index("ledger_by_time")
        batch_op.drop_index("ledger_by_job")

    op.drop_table("ledger")
    op.drop_table("jobs")
    with op.batch_alter_table("job_reports", schema=None) as batch_op:
        batch_op.drop_index("job_reports_by_uid")
        batch_op.drop_index("job_reports_by_start")

    op.drop_table("job_reports")
    op.drop_table("hosts")
    op.drop_table("devices")
    op.drop_table("batches")
