"""One store suite, on every database that the registry runs on."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from registry.store.database import Database

if TYPE_CHECKING:
    from tests.contract.postgres import Cluster


@pytest.fixture(scope="session")
def cluster() -> Iterator["Cluster"]:
    pytest.importorskip("psycopg", reason="the postgres extra is not installed")
    from tests.contract.postgres import find_programs, make_cluster

    programs = find_programs()
    if programs is None:
        pytest.skip("PostgreSQL's server programs (initdb, pg_ctl) are not installed")
    cluster = make_cluster(programs)
    guard = cluster.watch()
    yield cluster
    guard.terminate()
    guard.wait()
    cluster.stop()


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/registry.db"
    cluster: Cluster = request.getfixturevalue("cluster")
    cluster.empty()
    return cluster.url


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    database = Database.open(url)
    yield database
    database.close()
