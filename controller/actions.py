"""What a plan is made of: the closed set of things the controller can do for a model."""

from dataclasses import dataclass

from registry.records import Failure
from specs.names import Digest


@dataclass(frozen=True)
class CancelRun:
    """Stop a run that nothing wants any more."""

    run_id: str
    why: str


@dataclass(frozen=True)
class PrepareData:
    """Pull the datasets with DVC at the revision, check and clean their rows."""

    digest: Digest
    why: str


@dataclass(frozen=True)
class EstimateCost:
    """Check every row, and say what the training will take, before anything is spent on it."""

    digest: Digest
    why: str


@dataclass(frozen=True)
class Train:
    """Adapt the base in a child process and register what comes out as a version."""

    digest: Digest
    why: str


@dataclass(frozen=True)
class Trial:
    """Try one base and one set of values: a training of its own, measured on validation rows."""

    search_digest: Digest
    """The training digest that the search ends in."""
    number: int
    of: int
    digest: Digest | None
    """Of the trial's own inputs; None until base and values are proposed."""
    why: str


@dataclass(frozen=True)
class Choose:
    """Register the best trial's output as the version of its search."""

    digest: Digest
    number: int | None
    """The trial; None until all of them have ended."""
    why: str


@dataclass(frozen=True)
class Evaluate:
    """Measure a version on the held-out rows in a child process."""

    digest: Digest
    training_digest: Digest
    """Which version: its training digest, since a planned one has no number yet."""
    why: str


@dataclass(frozen=True)
class Judge:
    """Hold a version's evidence against the declared gates."""

    training_digest: Digest
    """Which version: the wanted one, the live one, or one that an undo may go to."""
    why: str


@dataclass(frozen=True)
class Promote:
    """Move ``live``, which is all that the gateway waits for."""

    training_digest: Digest
    why: str


@dataclass(frozen=True)
class RollBack:
    """Leave a live version that fails what is declared now, as a person's rollback does."""

    leaves: int
    to: int
    why: str


@dataclass(frozen=True)
class WritePin:
    """Say in git what a hold says in the registry, by a commit that sets ``promotion.pin``."""

    version: int
    hold_id: int
    why: str


@dataclass(frozen=True)
class RemovePin:
    """Say in git what a release says in the registry, by a commit that empties the pin."""

    hold_id: int
    why: str


@dataclass(frozen=True)
class ReleaseHold:
    """End a hold whose pin a person has taken out of git again."""

    hold_id: int
    why: str


@dataclass(frozen=True)
class Stall:
    """Nothing to do until a person changes something; says what."""

    failure: Failure
    stage: type["PrepareData | EstimateCost | Train | Evaluate | Judge | Promote"]
    why: str


Action = (
    CancelRun
    | PrepareData
    | EstimateCost
    | Train
    | Trial
    | Choose
    | Evaluate
    | Judge
    | Promote
    | RollBack
    | WritePin
    | RemovePin
    | ReleaseHold
    | Stall
)

Plan = tuple[Action, ...]
"""Actions in order. The first that is not put off is carried out; then the world is looked at
again."""
