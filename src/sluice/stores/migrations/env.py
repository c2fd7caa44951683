"""What Alembic runs for each of its commands. The connection, in its transaction, is handed in."""

from alembic import context

from sluice.stores.sql.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,  # SQLite changes a table by making another
)
context.run_migrations()
