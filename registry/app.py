"""The registry's web application: API, pages and probes, wired once."""

from fastapi import APIRouter, FastAPI
from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector

from registry.api import actions, models, records
from registry.api.guards import ApiMetrics, GuardMiddleware, MetricsMiddleware
from registry.api.problems import RESPONSES, install_problems
from registry.artifacts import ArtifactStore
from registry.errors import StoreError
from registry.pages.routes import build_pages
from registry.probes import probe_routes
from registry.settings import Settings
from registry.store.aliases import list_live
from registry.store.database import Database

PREFIX = "/api/v1"


def build_app(settings: Settings, database: Database, artifacts: ArtifactStore) -> FastAPI:
    """Make the application over an open database and an artifact store.

    It opens and closes neither: who made them does.
    """
    collectors = CollectorRegistry()
    for collector in (ProcessCollector, PlatformCollector, GCCollector):
        collector(registry=collectors)
    app = FastAPI(
        title="Trueup registry",
        version="1",
        description="Models kept true to what git declares: what is, and the undo.",
        openapi_url=f"{PREFIX}/openapi.json",
        docs_url=None,
        redoc_url=None,
        responses=RESPONSES,
    )
    app.state.database = database
    app.state.artifacts = artifacts
    install_problems(app)
    app.add_middleware(GuardMiddleware)
    app.add_middleware(MetricsMiddleware, metrics=ApiMetrics(collectors))
    app.include_router(_api())
    app.routes.extend(
        probe_routes(is_ready=lambda: _why_not_ready(database), collectors=collectors)
    )
    build_pages(app, database, artifacts, settings)
    return app


def _api() -> APIRouter:
    api = APIRouter(prefix=PREFIX)
    for part in (models, records, actions):
        api.include_router(part.router)
    return api


def _why_not_ready(database: Database) -> str | None:
    try:
        with database.reading() as session:
            list_live(session)
    except StoreError as error:
        return str(error)
    return None
