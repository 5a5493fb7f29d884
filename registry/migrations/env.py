"""What Alembic runs for every command: one connection, given by ``registry.store.schema``."""

from alembic import context

from registry.store.tables import Table

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Table.metadata,
    render_as_batch=True,
    transaction_per_migration=True,
)
with context.begin_transaction():
    context.run_migrations()
