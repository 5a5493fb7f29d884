"""The two pages, and the static files they need."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from registry.artifacts.base import ArtifactStore, digest_file
from registry.data_reports import read_data_report
from registry.errors import ArtifactCorruptError, NotFoundError, StoreError
from registry.pages.data_report import data_page
from registry.pages.formats import FILTERS
from registry.pages.health import data_drift_of, health_of, tone_of
from registry.pages.views import read_model_page, read_overview_page
from registry.settings import Settings
from registry.store.database import Database

HERE = Path(__file__).parent


def build_pages(
    app: FastAPI, database: Database, artifacts: ArtifactStore, settings: Settings
) -> None:
    """Add the pages to ``app``."""
    pages = _Pages(database, artifacts, settings)
    app.routes.extend(
        [
            Route("/", pages.overview, name="overview"),
            Route("/models/{name}", pages.model, name="model"),
            Route("/models/{name}/data", pages.data, name="data"),
            Route("/models/{name}/versions/{number:int}/data", pages.data, name="version-data"),
            Mount("/static", StaticFiles(directory=HERE / "static"), name="static"),
        ]
    )


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= FILTERS
    environment.globals |= {
        "health_of": health_of,
        "data_drift_of": data_drift_of,
        "tone_of": tone_of,
        # Browsers may keep static files as long as their content is the same.
        "static_version": {
            path.name: digest_file(path)[-12:] for path in (HERE / "static").iterdir()
        },
    }
    return environment


@dataclass(frozen=True)
class _Pages:
    database: Database
    artifacts: ArtifactStore
    settings: Settings
    environment: Environment = field(default_factory=_environment)

    def overview(self, _request: Request) -> HTMLResponse:
        try:
            with self.database.reading() as session:
                page = read_overview_page(session)
        except StoreError as error:
            return self._problem(503, str(error), error.fix)
        return self._render("overview.html", page=page)

    def model(self, request: Request) -> HTMLResponse:
        try:
            with self.database.reading() as session:
                page = read_model_page(session, request.path_params["name"])
        except NotFoundError as error:
            return self._problem(404, str(error), error.fix)
        except StoreError as error:
            return self._problem(503, str(error), error.fix)
        return self._render("model.html", page=page)

    def data(self, request: Request) -> HTMLResponse:
        name, number = request.path_params["name"], request.path_params.get("number")
        try:
            with self.database.reading() as session:
                found = read_data_report(session, self.artifacts, name, number)
        except NotFoundError as error:
            return self._problem(404, str(error), error.fix)
        except (StoreError, ArtifactCorruptError) as error:
            return self._problem(503, str(error), error.fix)
        return self._render("data.html", page=data_page(found))

    def _problem(self, status: int, problem: str, fix: str | None) -> HTMLResponse:
        response = self._render("problem.html", problem=problem, fix=fix)
        response.status_code = status
        return response

    def _render(self, template: str, **values: Any) -> HTMLResponse:
        text = self.environment.get_template(template).render(now=datetime.now(UTC), **values)
        return HTMLResponse(text, headers={"Cache-Control": "no-store"})
