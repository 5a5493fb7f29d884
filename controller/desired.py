"""From a spec at a revision to the desired state: every name resolved, every digest known."""

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any, Protocol

from controller.data.dvc_files import parse_dvc
from controller.errors import DataError
from controller.evaluation.own_files import git_hash
from controller.fitness import Abilities, refusal
from controller.search.proposals import missing_sampler
from controller.source.repository import Repository
from controller.state import Desired, Digests
from registry.bases import ResolvedBase
from registry.records import Failure
from specs.digest import (
    Inputs,
    criteria_digest,
    digest_of,
    estimate_inputs,
    evaluation_inputs,
    gates_digest,
    measurement_inputs,
    prepared_inputs,
    training_inputs,
)
from specs.errors import Place
from specs.gates import in_force
from specs.model import ModelSpec, Spec
from specs.names import Digest, Revision
from specs.searching import concrete, variants

Resolve = Callable[[str, str | None, Path | None], ResolvedBase]
"""Base model name, declared revision, folder of the repository's own bases → where it lies."""


class Reader(Protocol):
    """What is asked of a repository here."""

    def read_files(self, at: Revision, paths: list[str]) -> dict[str, bytes]:
        """Read files at a revision; absent ones are left out."""


def desire(
    spec: ModelSpec,
    *,
    path: str,
    revision: Revision,
    repository: Repository,
    resolve: Resolve,
    abilities: Abilities,
) -> Desired:
    """Resolve what ``spec`` names at ``revision``; DataError or BaseModelError with the fix.

    ``abilities`` are this machine's, which the training is held against.
    """
    hashes = data_hashes(spec.spec, path=path, revision=revision, repository=repository)
    own = own_hashes(spec.spec, path=path, revision=revision, repository=repository)
    declared = spec.spec.base
    base = resolve(
        declared.model, declared.revision, _exported_base(declared.model, revision, repository)
    )
    candidates = tuple(
        resolve(name, None, _exported_base(name, revision, repository))
        for name in declared.candidates
    )
    inputs = training_inputs(
        spec.spec, hashes, base.revision, [candidate.revision for candidate in candidates]
    )
    training = digest_of(inputs)
    return Desired(
        model=spec,
        path=path,
        revision=revision,
        hashes=hashes,
        base=base,
        digests=Digests(
            data=digest_of(prepared_inputs(spec.spec, hashes, base.revision)),
            estimate=digest_of(estimate_inputs(spec.spec, training)),
            training=training,
            evaluation=evaluation_digest(spec.spec, {**hashes, **own}, training),
            measurement=digest_of(measurement_inputs(spec.spec, {**hashes, **own})),
            criteria=criteria_digest(spec.spec),
            gates=gates_digest(spec.spec),
        ),
        training_inputs=inputs,
        own_hashes=own,
        candidates=candidates,
        unfit=_why_unfit(spec.spec, abilities),
    )


def as_of(desired: Desired, day: date) -> Desired:
    """Return the same state with the overrides that are in force on ``day``.

    One that has expired since so changes the digest of the judgement, and the version is judged
    again without it.
    """
    spec = desired.model.spec
    overrides = in_force(spec.overrides, day)
    if overrides == desired.overrides:
        return desired
    digests = replace(desired.digests, gates=gates_digest(spec, overrides))
    return replace(desired, digests=digests, overrides=overrides)


def _why_unfit(spec: Spec, abilities: Abilities) -> Failure | None:
    """Why this machine cannot make what ``spec`` wants, also by one of its searched values."""
    reasons = (refusal(one, abilities) for one in variants(spec))
    return missing_sampler(spec) or next(filter(None, reasons), None)


@dataclass(frozen=True)
class Concrete:
    """What one trial of a search trains: a spec without a search."""

    spec: Spec
    base: ResolvedBase
    inputs: Inputs

    @property
    def digest(self) -> Digest:
        """The training digest: that of a model whose spec says just this."""
        return digest_of(self.inputs)


def make_concrete(desired: Desired, base: str, values: Mapping[str, Any]) -> Concrete:
    """Put a base and values in place of what ``desired`` searches."""
    spec = concrete(desired.model.spec, values, base=base)
    found = next(one for one in (desired.base, *desired.candidates) if one.model == base)
    return Concrete(spec, found, training_inputs(spec, desired.hashes, found.revision))


def evaluation_digest(spec: Spec, hashes: dict[str, str], training: Digest) -> Digest:
    """Digest of measuring the version with this training digest as ``spec`` wants it now."""
    return digest_of(evaluation_inputs(spec, hashes, training))


def data_hashes(spec: Spec, *, path: str, revision: Revision, repository: Reader) -> dict[str, str]:
    """Read each data file's hash from its ``.dvc`` file at the revision."""
    wanted = [spec.data.train, spec.data.test]
    if isinstance(spec.data.validation, str):
        wanted.append(spec.data.validation)
    found = repository.read_files(revision, [f"{name}.dvc" for name in wanted])
    hashes: dict[str, str] = {}
    for name in wanted:
        pointer = f"{name}.dvc"
        if pointer not in found:
            raise DataError(
                f"{name} is not tracked by DVC at {revision}: there is no {pointer}",
                place=Place(path, field="spec.data"),
                reason="DataNotTracked",
                fix=f"dvc add {name} && git add {pointer} && git commit",
            )
        hashes[name] = parse_dvc(found[pointer], path=pointer)
    return hashes


def own_hashes(spec: Spec, *, path: str, revision: Revision, repository: Reader) -> dict[str, str]:
    """Hash the files that ``spec.evaluation`` names, tracked by DVC or by git itself.

    Those that git tracks are small and at hand, so they are read and checked here: a column that
    lacks is said before anything is trained.

    Raises:
        DataError: A file is not in the repository, or cannot be used.
    """
    wanted = spec.evaluation.own_files
    found = repository.read_files(
        revision, [one for name in wanted for one in (name, f"{name}.dvc")]
    )
    hashes: dict[str, str] = {}
    for name, field in wanted.items():
        pointer = f"{name}.dvc"
        if pointer in found:
            hashes[name] = parse_dvc(found[pointer], path=pointer)
        elif name in found:
            # pyarrow comes with it: loaded only where such a file is declared.
            from controller.evaluation.own_checks import check_own  # noqa: PLC0415

            check_own(found[name], name, field)
            hashes[name] = git_hash(found[name])
        else:
            raise DataError(
                f"{name} is not in the repository at {revision}",
                place=Place(path, field=f"spec.evaluation.{'.'.join(field)}"),
                reason="OwnFileAbsent",
                fix=f"git add {name} && git commit (or dvc add {name}, and commit {pointer})",
            )
    return hashes


def _exported_base(name: str, revision: Revision, repository: Repository) -> Path | None:
    """Write a base that the repository itself carries to disk, once per content."""
    tree = repository.tree_id(revision, name)
    if tree is None:
        return None
    root = repository.mirror.with_suffix(".trees") / tree
    if not root.exists():
        partial = root.with_suffix(".partial")
        shutil.rmtree(partial, ignore_errors=True)
        repository.export(revision, name, partial)
        partial.rename(root)
    return root
