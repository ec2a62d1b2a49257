"""How Alembic runs a migration: on the connection that the caller opened."""

from alembic import context

from joulebook_server.store.tables import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,
)
context.run_migrations()
