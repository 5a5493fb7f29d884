"""Routes of models and their versions: what is."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.responses import PlainTextResponse

from registry.api.dependencies import Artifacts, Limit, Name, Number, Reading
from registry.api.schemas import (
    AliasOut,
    CardOut,
    DataReportOut,
    RunOut,
    SearchOut,
    SignalOut,
    StatusOut,
    VersionDetailOut,
    VersionOut,
)
from registry.api.views import status_out, version_detail_out, version_out
from registry.card_reading import read_card
from registry.cards import as_json, as_markdown
from registry.data_reports import read_data_report
from registry.errors import NotFoundError
from registry.overview import (
    list_statuses,
    read_held_out,
    read_search,
    read_status,
    read_version,
    read_versions,
)
from registry.store.aliases import alias_history, find_alias, list_aliases
from registry.store.database import Session
from registry.store.models import get_model
from registry.store.runs import list_runs
from registry.store.signals import list_signals

router = APIRouter(prefix="/models", tags=["models"])

VersionFilter = Annotated[int | None, Query(ge=1)]


@router.get("", response_model=list[StatusOut])
def models(session: Reading) -> Any:
    """All models' status."""
    return [status_out(status) for status in list_statuses(session)]


@router.get("/{name}", response_model=StatusOut)
def model(session: Reading, name: Name) -> Any:
    """One model's status: what is wanted, what is, and the one thing it waits for."""
    return status_out(read_status(session, name))


@router.get("/{name}/versions", response_model=list[VersionOut])
def versions(session: Reading, name: Name) -> Any:
    """All versions, oldest first."""
    return [version_out(view) for view in read_versions(session, name)]


@router.get("/{name}/versions/{number}", response_model=VersionDetailOut)
def version(session: Reading, name: Name, number: Number) -> Any:
    """One version with its files, lineage, evidence and verdicts."""
    view = read_version(session, name, number)
    held_out = read_held_out(session, get_model(session, name), view.evaluation)
    return version_detail_out(view, held_out)


@router.get("/{name}/versions/{number}/card", response_class=PlainTextResponse)
def card(session: Reading, artifacts: Artifacts, name: Name, number: Number) -> PlainTextResponse:
    """The version's model card, in Markdown with Hugging Face's metadata."""
    text = as_markdown(read_card(session, artifacts, name, number))
    return PlainTextResponse(text, media_type="text/markdown")


@router.get("/{name}/versions/{number}/card.json", response_model=CardOut)
def card_document(session: Reading, artifacts: Artifacts, name: Name, number: Number) -> Any:
    """The same card as one JSON document: its sections by key, each with its blocks."""
    return as_json(read_card(session, artifacts, name, number))


@router.get("/{name}/data", response_model=DataReportOut)
def data(session: Reading, artifacts: Artifacts, name: Name, version: VersionFilter = None) -> Any:
    """What the data checks said of the newest rows, or of those that ``version`` learned from."""
    return read_data_report(session, artifacts, name, version)


@router.get("/{name}/aliases", response_model=list[AliasOut])
def aliases(session: Reading, name: Name) -> Any:
    """Where each alias points now."""
    get_model(session, name)
    return list_aliases(session, name)


@router.get("/{name}/aliases/{alias}", response_model=AliasOut)
def alias(session: Reading, name: Name, alias: Name) -> Any:
    """Where one alias points now: one indexed query."""
    found = find_alias(session, name, alias)
    if found is None:
        get_model(session, name)
        raise NotFoundError("alias", alias, fix=_alias_fix(session, name))
    return found


@router.get("/{name}/aliases/{alias}/history", response_model=list[AliasOut])
def history(session: Reading, name: Name, alias: Name) -> Any:
    """Every place an alias ever pointed at, oldest first."""
    get_model(session, name)
    return alias_history(session, name, alias)


@router.get("/{name}/runs", response_model=list[RunOut])
def runs(session: Reading, name: Name, limit: Limit = 50) -> Any:
    """The model's runs, newest first."""
    get_model(session, name)
    return list_runs(session, name, limit=limit)


@router.get("/{name}/trials", response_model=SearchOut)
def trials(session: Reading, name: Name, version: VersionFilter = None) -> Any:
    """The model's newest search, or the one that ``version`` came from: its trials."""
    return read_search(session, name, version)


@router.get("/{name}/signals", response_model=list[SignalOut])
def signals(session: Reading, name: Name, limit: Limit = 100) -> Any:
    """What detectors said about the model's traffic, newest first."""
    get_model(session, name)
    return list_signals(session, name, limit=limit)


def _alias_fix(session: Session, name: str) -> str:
    names = [one.alias for one in list_aliases(session, name)]
    return f"its aliases are: {', '.join(names)}" if names else "no version was promoted yet"
