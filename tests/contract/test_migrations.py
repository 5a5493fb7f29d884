"""Migrations make exactly the tables that the store uses, up, down and up again on data."""

from dataclasses import replace

import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from registry.store import evaluations, verdicts, versions
from registry.store.database import Database
from registry.store.schema import configuration
from registry.store.tables import Table
from specs.digest import digest_of
from tests.contract import rows
from tests.contract.rows import MODEL, NOW


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


def test_the_first_evidence_of_an_earlier_release_learns_its_test_file(url, database):
    spec = {"spec": {"data": {"train": "data/train.csv", "test": "data/test.csv"}}}
    with database.transaction() as session:
        rows.declare(session, spec=spec)
        version = rows.register(session, "one", data={"data/test.csv": "md5:held-out"})
        for of in ("first", "second"):
            draft = replace(rows.evaluation_draft(version), evaluation_digest=digest_of(of))
            evaluations.record_evaluation(session, draft, now=NOW)
        verdicts.record_gate_report(session, rows.gate_report(version))
    database.close()
    engine = engine_of(url)
    with engine.connect() as connection:
        command.downgrade(configuration(connection), "0002")
        connection.commit()
    engine.dispose()

    again = Database.open(url)

    with again.reading() as session:
        first, second = (
            evaluations.find_evaluation(session, MODEL, digest_of(of)) for of in ("first", "second")
        )
        report = verdicts.latest_gate_report(session, MODEL, 1)
    again.close()
    assert (first.test_digest, second.test_digest) == ("md5:held-out", None)
    assert first.metrics == rows.evaluation_draft(version).metrics
    assert report == rows.gate_report(version)
