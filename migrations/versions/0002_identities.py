"""Hosts by boot; how long an agent's word of a host stands; what the agent itself used."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "identities",
        sa.Column("boot_id", sa.String(), nullable=False),
        sa.Column("machine_id", sa.String(), nullable=False),
        sa.Column("host_id", sa.String(), nullable=False),
        sa.Column("by_agent", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("boot_id", "machine_id"),
    )
    for table in ("hosts", "devices"):
        with op.batch_alter_table(table, schema=None) as batch_op:
            batch_op.add_column(
                sa.Column("agent_us", sa.BigInteger(), nullable=False, server_default="0")
            )
        with op.batch_alter_table(table, schema=None) as batch_op:
            batch_op.alter_column("agent_us", server_default=None)
    with op.batch_alter_table("meters", schema=None) as batch_op:
        batch_op.add_column(sa.Column("own_uj", sa.BigInteger(), nullable=True))
    _keep_known_hosts()


def downgrade() -> None:
    with op.batch_alter_table("meters", schema=None) as batch_op:
        batch_op.drop_column("own_uj")
    for table in ("devices", "hosts"):
        with op.batch_alter_table(table, schema=None) as batch_op:
            batch_op.drop_column("agent_us")
    op.drop_table("identities")


def _keep_known_hosts() -> None:
    """Every host goes on under its id; a boot that two share goes to the one that came first."""
    connection = op.get_bind()
    hosts = sa.table("hosts", sa.column("host_id"), sa.column("boot_id"), sa.column("first_us"))
    identities = sa.table(
        "identities",
        sa.column("boot_id"),
        sa.column("machine_id"),
        sa.column("host_id"),
        sa.column("by_agent"),
    )
    found: dict[tuple[str, str], str] = {}
    rows = connection.execute(sa.select(hosts).order_by(hosts.c.first_us, hosts.c.host_id))
    for row in rows:
        for key in ((row.boot_id, row.host_id), (row.boot_id, "")):
            found.setdefault(key, row.host_id)
    op.bulk_insert(
        identities,
        [
            {
                "boot_id": boot_id,
                "machine_id": machine_id,
                "host_id": host_id,
                "by_agent": True,  # its name stays
            }
            for (boot_id, machine_id), host_id in found.items()
        ],
    )
