"""The database: one object per process, handed down; transactions and reads are its only verbs.

SQLite runs in WAL mode, so readers never wait. Writers take the one write lock when their
transaction begins (BEGIN IMMEDIATE), and wait for it there: after that nothing can be "locked".
Threads of one process queue on a lock of their own, because SQLite's waiting is a poll.
"""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError, OperationalError
from sqlalchemy.orm import Session

from registry.errors import StoreError
from registry.store.payloads import dumps
from registry.store.schema import migrate

__all__ = ["Database", "Session"]

BUSY_TIMEOUT_SECONDS = 10
ATTEMPTS = 3
"""How often a writer asks for SQLite's write lock, each time for the busy timeout."""
WRITES = "trueup_writes"
_POOL = {"pool_size": 10, "max_overflow": 40}


class Database:
    """An open registry database, safe to share between threads."""

    def __init__(self, engine: Engine) -> None:
        """Use ``engine``; ``open`` is what makes one."""
        self._engine = engine
        self._writing = engine.execution_options(**{WRITES: True})
        self._turn = threading.Lock() if engine.dialect.name == "sqlite" else None

    @classmethod
    def open(cls, url: str) -> "Database":
        """Open the database at a SQLAlchemy URL and bring its tables up to date.

        Safe when several processes open one database at the same time.

        Raises:
            StoreError: the URL is wrong, or the database cannot be reached or migrated.
        """
        parsed = _parse(url)
        try:
            migrate(parsed)
            return cls(_engine(parsed))
        except DBAPIError as error:
            raise _store_error(error) from error

    @property
    def dialect(self) -> str:
        """``sqlite`` or ``postgresql``."""
        return self._engine.dialect.name

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """Yield a session whose changes all become visible at the end, or none do."""
        with self._my_turn(), _translated(), Session(self._writing, expire_on_commit=False) as own:
            _begin(own)
            yield own
            own.commit()

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Yield a session on one consistent state. Whatever it would write is refused."""
        with _translated(), Session(self._engine) as own:
            yield own

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()

    @contextmanager
    def _my_turn(self) -> Iterator[None]:
        if self._turn is None:
            yield
            return
        if not self._turn.acquire(timeout=BUSY_TIMEOUT_SECONDS * ATTEMPTS):
            raise StoreError("another thread has been writing for too long")
        try:
            yield
        finally:
            self._turn.release()


def _parse(url: str) -> URL:
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise StoreError("its URL is not one", fix="write sqlite:////path/registry.db") from error
    if parsed.get_backend_name() == "postgresql" and "+" not in parsed.drivername:
        return parsed.set(drivername="postgresql+psycopg")
    if parsed.get_backend_name() == "sqlite" and parsed.database in {None, "", ":memory:"}:
        raise StoreError("several processes share it, so it cannot live in memory")
    return parsed


def _engine(url: URL) -> Engine:
    if url.get_backend_name() != "sqlite":
        engine = create_engine(url, json_serializer=dumps, pool_pre_ping=True, **_POOL)
        event.listen(engine, "begin", _begin_elsewhere)
        return engine
    arguments = {"timeout": BUSY_TIMEOUT_SECONDS}
    engine = create_engine(url, json_serializer=dumps, connect_args=arguments, **_POOL)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    # The driver must not begin transactions by itself: it would begin deferred ones.
    connection.isolation_level = None
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA synchronous = NORMAL")


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get(WRITES, False)
    if connection.info.get(WRITES) is not writes:  # what this connection was last used for
        connection.exec_driver_sql(f"PRAGMA query_only = {'OFF' if writes else 'ON'}")
        connection.info[WRITES] = writes
    if writes:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    else:
        # Reading is the hot path (the gateway polls), and this is half its cost through SQLAlchemy.
        connection.connection.cursor().execute("BEGIN")


def _begin_elsewhere(connection: Connection) -> None:
    if not connection.get_execution_options().get(WRITES, False):
        connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")


def _begin(session: Session) -> None:
    """Begin now, not at the first statement: waiting for the write lock can be repeated here."""
    for attempt in range(1, ATTEMPTS + 1):
        try:
            session.connection()
        except OperationalError as error:
            session.rollback()
            if attempt == ATTEMPTS or not _is_busy(error):
                raise
        else:
            return


def _is_busy(error: DBAPIError) -> bool:
    code = getattr(error.orig, "sqlite_errorcode", None)
    return code is not None and code & 0xFF in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except DBAPIError as error:
        raise _store_error(error) from error


def _store_error(error: DBAPIError) -> StoreError:
    said = str(error.orig).strip().partition("\n")[0]
    if isinstance(error, IntegrityError):
        return StoreError(f"it refused a row: {said}", fix="declare the model and version first")
    if "full" in said:
        return StoreError(said, fix="free some disk space; nothing half-written was kept")
    return StoreError(said, fix="see that it runs, and that database_url is right")
