"""Where the controller's tools are put together, from settings; the only place that does it."""

from controller.context import Tools, utc_now
from controller.executors.dispatch import Executors, launched
from controller.executors.local import LocalExecutor
from controller.fitness import look_at_this_machine
from controller.settings import ControllerSettings
from controller.source.git import process_environment
from controller.source.publish import Publisher
from controller.source.repository import Repository
from controller.torch_process import usable_threads
from registry.artifacts import open_artifacts
from registry.store.database import Database


def open_tools(settings: ControllerSettings) -> Tools:
    """Open the registry and the repository that ``settings`` name."""
    environment = process_environment()
    repository = open_repository(settings)
    threads = settings.training_threads or usable_threads()
    local = LocalExecutor(threads=threads, environment=environment)
    return Tools(
        settings=settings,
        database=Database.open(settings.resolved_database_url),
        artifacts=open_artifacts(settings),
        repository=repository,
        publisher=Publisher(
            repository,
            name=settings.bot_name,
            email=settings.bot_email,
            environment=environment,
        ),
        executor=Executors(
            local,
            launched(
                threads,
                environment,
                artifacts=settings.resolved_artifacts,
                ray_address=settings.ray_address,
            ),
        ),
        abilities=look_at_this_machine(),
        clock=utc_now,
    )


def open_repository(settings: ControllerSettings) -> Repository:
    """Open the repository's mirror; nothing is fetched yet."""
    return Repository(
        settings.repo,
        branch=settings.branch,
        home=settings.home.absolute(),
        environment=process_environment(),
    )
