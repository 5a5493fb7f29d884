"""What routes are given: the database, the artifacts, one consistent read, checked names."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated

from fastapi import Depends, Path, Query, Request
from pydantic import StringConstraints

from registry.artifacts import ArtifactStore
from registry.store.database import Database, Session
from specs.names import MODEL_NAME_PATTERN


# Those that only hand something on are coroutines: a plain function would cost a thread's turn.
async def _database(request: Request) -> Database:
    database: Database = request.app.state.database
    return database


async def _artifacts(request: Request) -> ArtifactStore:
    artifacts: ArtifactStore = request.app.state.artifacts
    return artifacts


def _reading(database: Annotated[Database, Depends(_database)]) -> Iterator[Session]:
    with database.reading() as session:
        yield session


async def _now() -> datetime:
    return datetime.now(UTC)


Writable = Annotated[Database, Depends(_database)]
Artifacts = Annotated[ArtifactStore, Depends(_artifacts)]
Reading = Annotated[Session, Depends(_reading)]
Now = Annotated[datetime, Depends(_now)]

Name = Annotated[str, Path(pattern=MODEL_NAME_PATTERN, description="A model's name")]
Number = Annotated[int, Path(ge=1, le=2**31 - 1, description="A version's number")]
RunId = Annotated[str, Path(pattern=r"^r-[a-z2-7]{10}$", description="A run's id")]
After = Annotated[int, Query(ge=0, le=2**62, description="Go on behind this number")]
Limit = Annotated[int, Query(ge=1, le=1000, description="At most so many")]

Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]
Person = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
