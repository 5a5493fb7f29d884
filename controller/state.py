"""The two states that a plan is made from, as frozen values: what is wanted, and what is."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from registry.bases import ResolvedBase
from registry.records import (
    EvaluationRecord,
    Failure,
    GateReport,
    HoldRecord,
    RunRecord,
    Standing,
    VersionRecord,
)
from registry.traffic_records import SignalRecord
from registry.trial_records import TrialRecord
from specs.digest import Inputs
from specs.gates import Override
from specs.model import ModelSpec
from specs.names import Digest, Revision
from specs.searching import trial_count

NO_VERSION = "base"
"""What a gate may compare with and no version is: the base as it is."""


@dataclass(frozen=True)
class Digests:
    """What the spec asks for at each stage; equal digests mean that nothing is to be done."""

    data: Digest
    estimate: Digest
    """Of saying what the training costs, in the place where it would run."""
    training: Digest
    evaluation: Digest
    measurement: Digest
    """Of what is measured on which held-out rows, whichever version it is."""
    criteria: Digest
    """Of what success means; fixed when a training starts."""
    gates: Digest
    """Of a judgement: the criteria, and the overrides that are in force."""


@dataclass(frozen=True)
class Desired:
    """What git wants of one model, with everything it names resolved."""

    model: ModelSpec
    path: str
    revision: Revision
    hashes: Mapping[str, str]
    """Data path → DVC's hash."""
    base: ResolvedBase
    digests: Digests
    training_inputs: Inputs
    """What the training digest is over; kept in lineage."""
    own_hashes: Mapping[str, str] = field(default_factory=dict)
    """Files that ``evaluation`` names → hash of their content."""
    candidates: tuple[ResolvedBase, ...] = ()
    """``base.candidates``, in their order."""
    gate_lines: tuple[int, ...] = ()
    """Line of each gate in the spec."""
    overrides: tuple[Override, ...] = ()
    """Those in force now; ``digests.gates`` is over them too."""
    unfit: Failure | None = None
    """Why this machine cannot train it."""

    @property
    def name(self) -> str:
        """The model's name."""
        return self.model.name

    @property
    def compute(self) -> dict[str, Any]:
        """Where runs are made, and what they may take; no part of a digest of what comes out."""
        return self.model.spec.compute.model_dump(mode="json")

    @property
    def gate_places(self) -> list[str]:
        """Where each gate stands: file, line and field."""
        lines = (*map(str, self.gate_lines), *("" for _ in self.model.spec.gates))
        return [
            f"{self.path}{':' if line else ''}{line}: spec.gates[{index}]"
            for index, line in zip(range(len(self.model.spec.gates)), lines, strict=False)
        ]

    @property
    def trial_count(self) -> int:
        """How many trials the version is chosen from; 0 when nothing is searched."""
        return trial_count(self.model.spec)

    @property
    def compares_with(self) -> tuple[str | int, ...]:
        """The registered versions that gates compare with: aliases and numbers, each once."""
        named = (gate.against for gate in self.model.spec.gates)
        return tuple(dict.fromkeys(name for name in named if name not in (None, NO_VERSION)))

    @property
    def test_digest(self) -> str:
        """DVC's hash of the held-out file."""
        return self.hashes[self.model.spec.data.test]


@dataclass(frozen=True)
class Judged:
    """A version with the evidence that stands about it."""

    version: VersionRecord
    evaluation_digest: Digest
    """Of this version on the held-out rows that are wanted now."""
    evaluation: EvaluationRecord | None
    report: GateReport | None
    """By the gates and held-out rows that are wanted now."""
    has_ever_passed: bool
    """Whether any report on it, by whatever gates, let it through."""
    measured: EvaluationRecord | None = None
    """Its newest evidence of what is wanted to be measured on the wanted held-out rows.

    That of ``evaluation_digest`` where there is one; else one with other training rows beside it,
    which only say what a near twin is.
    """
    verification: GateReport | None = None
    """On ``measured``, by the gates that are wanted now."""

    @property
    def standing(self) -> Standing | None:
        """What counts about it now; None while it was not measured."""
        if self.measured is None:
            return None
        report = self.verification
        return Standing(
            self.measured.evaluation_digest, None if report is None else report.gates_digest
        )


@dataclass(frozen=True)
class Observed:
    """What the registry says about one model, seen through what is wanted of it."""

    wanted: Judged | None = None
    """The version with the wanted training digest."""
    live: Judged | None = None
    pinned: Judged | None = None
    """The version that a hold or the spec pins, if there is one and it exists."""
    hold: HoldRecord | None = None
    hold_is_in_git: bool = False
    """Whether the commit that wrote the hold back is part of the wanted revision's history."""
    release: HoldRecord | None = None
    """A hold that was released, while its pin may still stand in git."""
    release_is_fetched: bool = False
    """Whether the wanted revision has the commit that wrote the released hold's pin."""
    compared: Mapping[str | int, Judged] = field(default_factory=dict)
    """Name that a gate compares with → the version, where there is one."""
    earlier: tuple[Judged, ...] = ()
    """Versions that an undo by policy may go to, newest first; looked up when live fails."""
    standings: Mapping[int, Standing] = field(default_factory=dict)
    """Version → what was said to count about it."""
    candidates: int = 0
    """How many candidates the wanted held-out file has judged, over all models."""
    quarantined: frozenset[Digest] = frozenset()
    running: RunRecord | None = None
    data_is_prepared: bool = False
    unshowable: Failure | None = None
    """Why no version could pass a gate over the prepared test rows."""
    is_estimated: bool = False
    """Whether it was said what the wanted training costs."""
    trials: tuple[TrialRecord, ...] = ()
    """Of the wanted search, by number, while no version has its digest."""
    kept_trials: frozenset[int] = frozenset()
    """Trials whose files are still here, so that a version can be made of them."""
    failures: Mapping[Digest, Failure] = field(default_factory=dict)
    """Last failure of a run, by the run's digest; only what still stands in the way."""
    signals: tuple[SignalRecord, ...] = ()
    """The latest signal of each detector about the live version."""
    requests: int = 0
    """Requests that the live version has answered and that were captured."""

    def is_live(self, judged: Judged) -> bool:
        """Whether it is this version that answers live traffic."""
        return self.live is not None and self.live.version.number == judged.version.number

    def judged(self, training_digest: Digest) -> Judged:
        """Get the version with this training digest.

        Raises:
            LookupError: it was not observed.
        """
        seen = (self.wanted, self.live, *self.earlier)
        for one in seen:
            if one is not None and one.version.training_digest == training_digest:
                return one
        raise LookupError(training_digest)
