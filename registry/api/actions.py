"""Routes that people act through. Each is one transaction, and leaves an event and a trigger."""

from typing import Annotated, Any

from fastapi import APIRouter, Body
from pydantic import BaseModel, ConfigDict, Field

from registry.api.dependencies import Name, Now, Person, Reason, Writable
from registry.api.schemas import HoldOut, RollbackOut, TriggerOut
from registry.errors import RefusedError
from registry.store.events import record_event
from registry.store.holds import release_hold
from registry.store.models import get_model
from registry.store.rollbacks import roll_back
from registry.store.triggers import request_look

router = APIRouter(prefix="/models/{name}", tags=["actions"])


class _Request(BaseModel):
    model_config = ConfigDict(extra="forbid")


class RollbackRequest(_Request):
    """Go back to a version: ``to``, or the one that was live before."""

    to: int | None = Field(default=None, ge=1, le=2**31 - 1)
    reason: Reason
    by: Person


class ReconcileRequest(_Request):
    """Ask for a look now."""

    message: Reason = "a person asked for a look"


class ReleaseRequest(_Request):
    """End the hold: automation decides again."""

    reason: Reason
    by: Person


@router.post("/rollback", response_model=RollbackOut)
def rollback(database: Writable, now: Now, name: Name, request: RollbackRequest) -> Any:
    """Make an earlier version live at once, hold it, and quarantine the one that is left."""
    with database.transaction() as session:
        return roll_back(
            session, name, to=request.to, reason=request.reason, by=request.by, now=now
        )


@router.post("/reconcile", response_model=TriggerOut, status_code=202)
def reconcile(
    database: Writable,
    now: Now,
    name: Name,
    request: Annotated[ReconcileRequest, Body(default_factory=ReconcileRequest)],
) -> Any:
    """Ask the controller to look at the model now."""
    with database.transaction() as session:
        get_model(session, name)
        return request_look(session, model=name, kind="manual", message=request.message, now=now)


@router.post("/release", response_model=HoldOut)
def release(database: Writable, now: Now, name: Name, request: ReleaseRequest) -> Any:
    """End the model's hold. What a rollback quarantined stays quarantined."""
    with database.transaction() as session:
        get_model(session, name)
        hold = release_hold(session, name, by=request.by, reason=request.reason, now=now)
        if hold is None:
            raise RefusedError(
                f"{name} has no hold to release", fix="nothing is needed: automation decides"
            )
        said = f"{request.by} released the hold on version {hold.version}: {request.reason}"
        record_event(
            session, kind="HoldReleased", message=said, model=name, trigger="manual", now=now
        )
        request_look(session, model=name, kind="manual", message=said, now=now)
        return hold
