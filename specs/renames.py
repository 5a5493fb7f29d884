"""Arguments by the names they had before transformers 5: accepted, mapped, and said.

The loader maps before it validates, so digests, lineage and the trainer only know the new names.
Old names in the text keep their line: what is wrong with the value is told there.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from specs.errors import Place
from specs.problems import Loc, Problem, dotted
from specs.yaml_text import Document

ARGUMENTS: Loc = ("spec", "training", "arguments")
SEARCHED: Loc = ("spec", "training", "search", "parameters")

RENAMED = {
    "warmup_ratio": "warmup_steps",
    "gradient_checkpointing": "activation_checkpointing",
    "group_by_length": "train_sampling_strategy",
    "evaluation_strategy": "eval_strategy",
    "per_gpu_train_batch_size": "per_device_train_batch_size",
    "no_cuda": "use_cpu",
    "max_seq_length": "max_length",
}
"""Old name → new name. All are transformers' own but the last, which TRL renamed."""
VALUES: Mapping[str, Mapping[Any, Any]] = {
    "group_by_length": {True: "group_by_length", False: "random"},
    "optim": {"adamw_hf": "adamw_torch", "adamw_apex_fused": "adamw_torch_fused"},
}
"""Name as it is written → old values and what they are now."""


@dataclass(frozen=True)
class Notice:
    """An old name or value that was read as the new one."""

    place: Place
    text: str

    def __str__(self) -> str:
        """As errors are written: the place first."""
        return f"{self.place}: {self.text}"


@dataclass(frozen=True)
class Modernised:
    """A document by today's names."""

    document: Document
    notices: tuple[Notice, ...]
    problems: tuple[Problem, ...]


def modernise(document: Document) -> Modernised:
    """Write the arguments of ``document`` by their new names."""
    notices: list[Notice] = []
    problems: list[Problem] = []
    for at in (ARGUMENTS, SEARCHED):
        section = _section(document.value, at)
        for name in section if isinstance(section, Mapping) else ():
            here, new = (*at, name), RENAMED.get(name) or str(name)
            problem = _problem(here, section) if new != name else None
            if problem is not None:
                problems.append(problem)
                continue
            value = section[name] if at is SEARCHED else _value(name, section[name])
            if new != name or value != section[name]:
                notices.append(_notice(document, here, new, value))
                document = _renamed(document, here, new, value)
    return Modernised(document, tuple(notices), tuple(problems))


def _problem(at: Loc, section: Mapping[str, Any]) -> Problem | None:
    """Why the old name at ``at`` cannot be read as the new one."""
    name = str(at[-1])
    new, value = RENAMED[name], section[name]
    if new in section:
        text = f"{name} is the old name of {new}, and both are given"
        return Problem(at, text, f"keep {new}", at_key=True)
    if name == "warmup_ratio" and isinstance(value, int | float) and value >= 1:
        text = f"warmup_ratio is a share of the steps, and {value} is none"
        return Problem(at, text, "write a share below 1, or warmup_steps for a number of steps")
    return None


def _value(name: str, value: Any) -> Any:
    """The value in today's words."""
    known = VALUES.get(name, {})
    return known[value] if isinstance(value, str | bool) and value in known else value


def _notice(document: Document, at: Loc, new: str, value: Any) -> Notice:
    spot = document.keys[at]
    old = at[-1]
    said = str(value).lower() if isinstance(value, bool) else value
    what = f"{old} is called {new} now" if new != old else f"{old} has a new value for this"
    written = f"{new}: {said}" if isinstance(value, str | int | float) else new
    place = Place(document.path, spot.line, spot.column, dotted(at))
    return Notice(place, f"{what} (write {written})")


def _renamed(document: Document, at: Loc, new: str, value: Any) -> Document:
    """The document with one key renamed, and its places with it."""
    changed = _copied(document.value, at[:-1])
    section = _section(changed, at[:-1])
    items = [(new, value) if key == at[-1] else (key, kept) for key, kept in section.items()]
    section.clear()
    section.update(items)
    keys = {_moved(loc, at, new): spot for loc, spot in document.keys.items()}
    values = {_moved(loc, at, new): spot for loc, spot in document.values.items()}
    return replace(document, value=changed, keys=keys, values=values)


def _moved(loc: Loc, at: Loc, new: str) -> Loc:
    return (*at[:-1], new, *loc[len(at) :]) if loc[: len(at)] == at else loc


def _copied(value: Any, path: Loc) -> Any:
    """A copy of the mappings along ``path``; the rest is shared."""
    if not path:
        return dict(value)
    return dict(value) | {path[0]: _copied(value[path[0]], path[1:])}


def _section(value: Any, path: Iterable[Any]) -> Any:
    for part in path:
        value = value.get(part) if isinstance(value, Mapping) else None
    return value
