"""Settings of the controller, over those that all parts share."""

from registry.settings import Settings


class ControllerSettings(Settings):
    """Where the wanted state comes from, and how eagerly it is looked at."""

    repo: str = "."
    """Folder or URL of the GitOps repository."""
    branch: str | None = None
    """Branch that is followed; the repository's HEAD when left out."""
    specs_path: str = "specs"
    """Folder in the repository that holds the spec files."""
    poll_seconds: float = 15.0
    """How often the repository is asked, beside the file watch."""
    resync_seconds: float = 300.0
    """How often every model is looked at, even when nothing happened."""
    workers: int = 4
    """Models reconciled at the same time; a pass never blocks on a job."""
    concurrent_jobs: int = 1
    """Child processes that train or evaluate at the same time."""
    max_attempts: int = 5
    """How often a run is resumed after its process was lost."""
    training_threads: int = 0
    """CPU threads of a job; 0: what the cgroup quota allows."""
    ray_address: str | None = None
    """``host:port`` of the head of a Ray cluster, for ``executor: ray``."""
    bot_name: str = "Trueup"
    bot_email: str = "trueup@localhost"
