"""What the gateway reads from the registry, and the little it writes there."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from pydantic import ValidationError

from registry.records import ModelRecord, VersionRecord
from registry.store.aliases import find_alias, list_live
from registry.store.database import Database
from registry.store.events import record_event
from registry.store.models import list_models
from registry.store.predictions import record_observations
from registry.store.versions import get_version
from registry.traffic_records import Observation
from specs.names import PREVIOUS
from specs.serving import Serving


@dataclass(frozen=True)
class Declared:
    """What a model's record says that matters here."""

    name: str
    serving: Serving
    waiting_for: str


class Lookup:
    """The registry as the gateway sees it. Every call is one short transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def live(self) -> dict[str, int]:
        """Model → live version: one indexed query, asked about ten times a second."""
        with self._database.reading() as session:
            return {alias.model: alias.version for alias in list_live(session)}

    def previous(self, model: str) -> int | None:
        """The version that a rollback of ``model`` would go to."""
        with self._database.reading() as session:
            alias = find_alias(session, model, PREVIOUS)
            return None if alias is None else alias.version

    def declared(self) -> dict[str, Declared]:
        """Every model that is declared, by name."""
        with self._database.reading() as session:
            return {model.name: _declared(model) for model in list_models(session)}

    def version(self, model: str, number: int) -> VersionRecord:
        """One version, with its files."""
        with self._database.reading() as session:
            return get_version(session, model, number)

    def record_load_failure(self, model: str, number: int, message: str) -> None:
        """Tell people that a version could not be loaded."""
        with self._database.transaction() as session:
            record_event(
                session,
                kind="LoadFailed",
                model=model,
                message=f"the gateway could not load version {number}: {message}",
                data={"version": number},
                now=datetime.now(UTC),
            )

    def record_observations(self, observations: Sequence[Observation]) -> None:
        """Store captured answers."""
        with self._database.transaction() as session:
            record_observations(session, observations)


def _declared(model: ModelRecord) -> Declared:
    whole = model.spec or {}
    try:
        # The record keeps the whole file; what is wanted of the model stands under ``spec``.
        serving = Serving.model_validate(whole.get("spec", whole).get("serving", {}))
    except ValidationError:
        # Written by another release: answering with the defaults beats not answering.
        serving = Serving()
    return Declared(model.name, serving, model.waiting_for)
