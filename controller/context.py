"""What a step may use: one value, made for one pass over one model."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from controller.executors.base import Executor
from controller.fitness import Abilities
from controller.settings import ControllerSettings
from controller.source.publish import Publisher
from controller.source.repository import Repository
from controller.state import Desired, Observed
from registry.artifacts.base import ArtifactStore
from registry.bases import ResolvedBase, keep_base, resolve_base
from registry.store.database import Database

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """The wall clock: aware, UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Tools:
    """What lives as long as the controller."""

    settings: ControllerSettings
    database: Database
    artifacts: ArtifactStore
    repository: Repository
    publisher: Publisher
    executor: Executor
    abilities: Abilities
    clock: Clock

    def resolve_base(
        self, model: str, revision: str | None, repo_folder: Path | None = None
    ) -> ResolvedBase:
        """Find a base model and pin it; one from the repository is kept for the other parts."""
        found = resolve_base(model, revision, repo_folder=repo_folder, settings=self.settings)
        return keep_base(found, self.settings)

    @property
    def data_cache(self) -> Path:
        """DVC's cache, shared by all models."""
        return self.settings.home.absolute() / "data" / "cache"

    def prepared(self, desired: Desired) -> Path:
        """Where the checked rows of the wanted data digest stand, once they are complete."""
        name = desired.digests.data.removeprefix("sha256:")
        return self.settings.home.absolute() / "data" / "prepared" / name

    def judge_scores(self, model: str) -> Path:
        """The file that keeps what a judge said of a model's answers."""
        return self.settings.home.absolute() / "judge" / f"{model}.jsonl"

    def run_folder(self, run_id: str) -> Path:
        """Where a run's job works."""
        return self.settings.home.absolute() / "runs" / run_id


@dataclass(frozen=True)
class Context:
    """One pass over one model: its two states, why it is looked at, and the tools."""

    tools: Tools
    desired: Desired
    observed: Observed
    trigger: str

    @property
    def model(self) -> str:
        """The model's name."""
        return self.desired.name
