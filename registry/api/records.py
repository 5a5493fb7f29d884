"""Routes of runs, events, sources and artifacts."""

from collections.abc import Iterator
from typing import Annotated, Any, BinaryIO

from fastapi import APIRouter, Path, Query
from starlette.responses import StreamingResponse

from registry.api.dependencies import After, Artifacts, Limit, Reading, RunId
from registry.api.schemas import EventOut, LogLineOut, PointOut, RunOut, SourceOut
from registry.artifacts.base import CHUNK_BYTES
from registry.store.events import list_events
from registry.store.run_output import read_log, read_points
from registry.store.runs import get_run
from registry.store.sources import list_sources
from specs.names import MODEL_NAME_PATTERN, Digest

router = APIRouter()

ModelFilter = Annotated[str | None, Query(pattern=MODEL_NAME_PATTERN)]
DigestPath = Annotated[str, Path(pattern=r"^sha256:[0-9a-f]{64}$")]


@router.get("/runs/{run_id}", response_model=RunOut, tags=["runs"])
def run(session: Reading, run_id: RunId) -> Any:
    """One run."""
    return get_run(session, run_id)


@router.get("/runs/{run_id}/log", response_model=list[LogLineOut], tags=["runs"])
def log(session: Reading, run_id: RunId, after: After = 0, limit: Limit = 1000) -> Any:
    """What the run printed, from behind ``after``."""
    get_run(session, run_id)
    return read_log(session, run_id, after=after, limit=limit)


@router.get("/runs/{run_id}/curve", response_model=list[PointOut], tags=["runs"])
def curve(session: Reading, run_id: RunId) -> Any:
    """What the run measured, step by step."""
    get_run(session, run_id)
    return read_points(session, run_id)


@router.get("/events", response_model=list[EventOut], tags=["events"])
def events(
    session: Reading, model: ModelFilter = None, after: After = 0, limit: Limit = 100
) -> Any:
    """Events, oldest first: the newest ``limit``, or the next ones behind ``after``."""
    return list_events(session, model=model, after=after, limit=limit)


@router.get("/sources", response_model=list[SourceOut], tags=["sources"])
def sources(session: Reading) -> Any:
    """The repositories that are followed."""
    return list_sources(session)


@router.get("/artifacts/{digest}", response_class=StreamingResponse, tags=["artifacts"])
def artifact(artifacts: Artifacts, digest: DigestPath) -> StreamingResponse:
    """The bytes of one file, by content. Check them against the digest you asked for."""
    file = artifacts.open(Digest(digest))
    headers = {
        "ETag": f'"{digest}"',
        "Cache-Control": "public, max-age=31536000, immutable",
        "Content-Disposition": "attachment",
        "Content-Length": str(file.seek(0, 2)),
    }
    file.seek(0)
    return StreamingResponse(_chunks(file), media_type="application/octet-stream", headers=headers)


def _chunks(file: BinaryIO) -> Iterator[bytes]:
    with file:
        while chunk := file.read(CHUNK_BYTES):
            yield chunk
