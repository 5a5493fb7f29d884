"""Bringing a database to the newest tables, once, whoever comes first."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, create_engine
from sqlalchemy.engine import URL
from sqlalchemy.pool import NullPool

from registry.errors import StoreError

MIGRATIONS = "registry:migrations"
"""Where Alembic finds the scripts: inside the installed package, no file of settings needed."""
ADVISORY_LOCK = 0x7472756575700001
"""PostgreSQL's key for "migrating Trueup": ``trueup`` in hex, and 1."""


def configuration(connection: Connection) -> Config:
    """Make Alembic's configuration for one open connection."""
    config = Config()
    config.set_main_option("script_location", MIGRATIONS)
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def migrate(url: URL) -> None:
    """Upgrade the database at ``url`` to the newest tables; nothing happens when it has them."""
    if url.get_backend_name() == "sqlite":
        _migrate_sqlite(url)
    else:
        _migrate_server(url)


def _migrate_sqlite(url: URL) -> None:
    path = Path(str(url.database))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with _locked(path.with_name(f"{path.name}.lock")):
            _upgrade(create_engine(url, poolclass=NullPool, connect_args={"timeout": 10}))
    except OSError as error:
        raise StoreError(
            f"cannot write {path}: {error.strerror}", fix="choose another folder with --home"
        ) from error


def _migrate_server(url: URL) -> None:
    engine = create_engine(url, poolclass=NullPool)
    with engine.connect() as lock:
        lock.exec_driver_sql(f"SELECT pg_advisory_lock({ADVISORY_LOCK})")
        lock.commit()
        _upgrade(engine)
        lock.exec_driver_sql(f"SELECT pg_advisory_unlock({ADVISORY_LOCK})")
        lock.commit()


def _upgrade(engine: Engine) -> None:
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            # Once, under the lock: changing the journal mode does not wait for other connections.
            connection.exec_driver_sql("PRAGMA journal_mode = WAL")
            connection.rollback()
        command.upgrade(configuration(connection), "head")
        connection.commit()
    engine.dispose()


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
