"""How the parts of one gateway fit together."""

from registry.artifacts import open_artifacts
from registry.serving.capture import Capture
from registry.serving.engine import Engine
from registry.serving.loading import Loader
from registry.serving.lookup import Lookup
from registry.serving.metrics import Metrics
from registry.serving.service import Service
from registry.serving.versions import Versions
from registry.settings import Settings
from registry.store.database import Database


def build_service(settings: Settings, database: Database, engine: Engine) -> Service:
    """Wire a gateway over ``engine``; the caller starts it, stops it, and closes the database."""
    lookup = Lookup(database)
    metrics = Metrics()
    folder = settings.home.absolute() / "serving"
    loader = Loader(engine, open_artifacts(settings), folder)
    capture = Capture(lookup.record_observations, metrics.count_dropped)
    return Service(Versions(lookup, loader, metrics), capture, metrics)
