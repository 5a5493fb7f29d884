"""Migrations make exactly the tables that the store uses, up, down and up again on data."""

import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from registry.store import versions
from registry.store.database import Database
from registry.store.schema import configuration
from registry.store.tables import Table
from tests.contract import rows
from tests.contract.rows import MODEL


def engine_of(url):
    return sa.create_engine(url.replace("postgresql://", "postgresql+psycopg://"))


def test_the_migrations_and_the_tables_say_the_same(url, database):
    engine = engine_of(url)

    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        differences = compare_metadata(context, Table.metadata)
    engine.dispose()

    assert differences == []


def test_down_and_up_again_gives_empty_tables_that_work(url, database):
    with database.transaction() as session:
        rows.two_versions(session)
    database.close()
    engine = engine_of(url)

    with engine.connect() as connection:
        command.downgrade(configuration(connection), "base")
        connection.commit()
        left = set(sa.inspect(connection).get_table_names())
    engine.dispose()

    assert left == {"alembic_version"}
    again = Database.open(url)
    with again.transaction() as session:
        rows.two_versions(session)
        assert len(versions.list_versions(session, MODEL)) == 2
    again.close()


def test_opening_again_keeps_what_is_stored(url, database):
    with database.transaction() as session:
        rows.two_versions(session)

    again = Database.open(url)

    with again.reading() as session:
        assert len(versions.list_versions(session, MODEL)) == 2
    again.close()
