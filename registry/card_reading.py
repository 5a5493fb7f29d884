"""Everything that a model card is made from, read together from the tables and the artifacts."""

from registry.artifacts.base import ArtifactStore
from registry.cards import Card, Known, build_card
from registry.data_reports import read_data_report
from registry.overview import read_held_out, read_version
from registry.store.aliases import alias_history
from registry.store.database import Session
from registry.store.events import list_events_of_kinds
from registry.store.holds import list_holds_of, list_quarantined
from registry.store.models import get_model
from specs.names import LIVE

KINDS = ("Promoted", "RolledBack")


def read_card(session: Session, artifacts: ArtifactStore, name: str, number: int) -> Card:
    """The card of one version, as things are now.

    Raises:
        NotFoundError: there is no such model or version.
    """
    view, model = read_version(session, name, number), get_model(session, name)
    digest = view.version.training_digest
    away = [one for one in list_quarantined(session, name) if one.training_digest == digest]
    return build_card(
        Known(
            version=view.version,
            evaluation=view.evaluation,
            gates=view.gates,
            aliases=view.aliases,
            spec=model.spec or {},
            data_report=read_data_report(session, artifacts, name, number).report,
            held_out=read_held_out(session, model, view.evaluation),
            moves=alias_history(session, name, LIVE),
            holds=list_holds_of(session, name, number),
            events=list_events_of_kinds(session, name, KINDS),
            quarantine=away[0] if away else None,
        )
    )
