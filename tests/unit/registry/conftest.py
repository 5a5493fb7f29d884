"""A registry in a temporary folder: its database, its artifacts, its application."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from registry.app import build_app
from registry.artifacts import open_artifacts
from registry.artifacts.base import ArtifactStore
from registry.settings import Settings
from registry.store.database import Database


@pytest.fixture
def registry_settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home")


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database file with all tables and no row: copying it is faster than making it."""
    path = tmp_path_factory.mktemp("migrated") / "registry.db"
    Database.open(f"sqlite:///{path}").close()
    return path


@pytest.fixture
def registry_database(registry_settings: Settings, migrated: Path) -> Iterator[Database]:
    registry_settings.home.mkdir()
    shutil.copy(migrated, registry_settings.home)
    database = Database.open(registry_settings.resolved_database_url)
    yield database
    database.close()


@pytest.fixture
def registry_artifacts(registry_settings: Settings) -> ArtifactStore:
    return open_artifacts(registry_settings)


@pytest.fixture
def web(
    registry_settings: Settings, registry_database: Database, registry_artifacts: ArtifactStore
) -> Iterator[TestClient]:
    """A client of the whole application, which answers errors as a server would."""
    app = build_app(registry_settings, registry_database, registry_artifacts)
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client
