"""What would be done at a revision, without doing it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from controller.actions import Plan
from controller.catalog import Catalog, read_catalog
from controller.context import Tools
from controller.desired import as_of, desire
from controller.fitness import remarks
from controller.observe import observe
from controller.planner import plan
from controller.state import Desired, Observed
from registry.evidence import worn_words
from specs.errors import TrueupError
from specs.names import Revision
from specs.override_rules import expired_overrides


@dataclass(frozen=True)
class Preview:
    """The plans of all models at one revision."""

    revision: Revision
    plans: dict[str, Plan]
    states: Mapping[str, tuple[Desired, Observed]]
    """Model → the two states that its plan was made from."""
    problems: Mapping[str, str]
    """Model (or spec file, where it names none) → why there is no plan for it, one line each."""
    remarks: Mapping[str, list[str]]
    """Model → what to know of its spec: old names, what this machine does otherwise, and what has
    expired."""


def preview(tools: Tools, *, revision: str | None) -> Preview:
    """Plan every model at ``revision`` (a name git knows; None: the followed branch)."""
    repository = tools.repository
    at = repository.resolve(revision) if revision else repository.fetch()
    catalog = read_catalog(repository, at, specs_path=tools.settings.specs_path)
    plans: dict[str, Plan] = {}
    states: dict[str, tuple[Desired, Observed]] = {}
    problems = _invalid(catalog)
    today = tools.clock().date()
    said = {
        name: [
            *map(str, one.notices),
            *remarks(one.spec.spec, tools.abilities),
            *expired_overrides(one.spec.spec, today),
        ]
        for name, one in catalog.models.items()
    }
    for name, loaded in catalog.models.items():
        try:
            resolved = desire(
                loaded.spec,
                path=loaded.path,
                revision=at,
                repository=repository,
                resolve=tools.resolve_base,
                abilities=tools.abilities,
            )
        except TrueupError as error:
            problems[name] = error.told
            continue
        desired = replace(as_of(resolved, today), gate_lines=loaded.gate_lines)
        with tools.database.reading() as session:
            observed = observe(
                session,
                desired,
                prepared=tools.prepared(desired),
                run_folder=tools.run_folder,
                is_in_history=lambda earlier: repository.contains(earlier, at=at),
                forgiven_before=None,
            )
        states[name] = (desired, observed)
        said[name] += _wear(desired, observed)
        plans[name] = plan(desired, observed)
    return Preview(at, plans, states, problems, said)


def _invalid(catalog: Catalog) -> dict[str, str]:
    found: dict[str, list[str]] = {}
    for path, errors in catalog.errors.items():
        found.setdefault(catalog.names.get(path, path), []).extend(map(str, errors))
    return {name: "\n".join(lines) for name, lines in found.items()}


def _wear(desired: Desired, observed: Observed) -> list[str]:
    """How often the held-out file was used; nothing while it never was."""
    data = desired.model.spec.data
    if not observed.candidates:
        return []
    return [worn_words(data.test, observed.candidates, data.warn_after_candidates)]
