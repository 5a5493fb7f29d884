"""What the repository wants at one revision: the specs that are valid, and those that are not."""

from collections.abc import Mapping
from dataclasses import dataclass

from controller.source.repository import Repository
from specs.errors import SpecError
from specs.loader import LoadedSpec, find_spec_files, load_specs
from specs.names import Revision


@dataclass(frozen=True)
class Catalog:
    """All specs of one revision."""

    revision: Revision
    models: Mapping[str, LoadedSpec]
    errors: Mapping[str, tuple[SpecError, ...]]
    """Spec file → what is wrong with it."""
    names: Mapping[str, str]
    """Spec file → model name, as far as it could be read."""


def read_catalog(repository: Repository, at: Revision, *, specs_path: str) -> Catalog:
    """Load every spec file below ``specs_path`` at a revision; never from a working tree."""
    paths = find_spec_files(repository.list_files(at, specs_path), specs_path)
    loaded = load_specs(repository.read_files(at, paths))
    return Catalog(at, loaded.models, loaded.errors, loaded.names)
