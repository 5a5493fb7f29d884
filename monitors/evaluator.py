"""Observations in, signals out, for one version of one model.

Everything here follows from the observations alone: the same ones, in the same order, give the
same signals in batches of any size, which is how the state is made again after a restart.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from monitors.budget import Budget, Traffic
from monitors.causes import Cause
from monitors.detectors.base import Allowance
from monitors.detectors.trailing import stride_of
from monitors.watch import AnyWatch, Look
from monitors.windows import CurrentWindow, Reference
from registry.traffic_records import SignalDraft, StoredObservation


@dataclass(frozen=True)
class Finding:
    """A signal, and where in the stream it was found."""

    sequence: int
    """Of the last observation it looked at."""
    draft: SignalDraft


class Evaluator:
    """All detectors of one version, fed in step."""

    def __init__(
        self,
        model: str,
        version: int,
        *,
        reference: Reference,
        watches: Sequence[AnyWatch],
        window: int,
        budget: Budget,
    ) -> None:
        """``window`` is in requests; ``watches`` share the ``budget`` equally."""
        self.model, self.version = model, version
        self.reference = reference
        self.watches = tuple(watches)
        self.window = CurrentWindow(window)
        self.traffic = Traffic()
        self.sequence = 0
        self._budget = budget
        self._stride = stride_of(window)
        for watch in self.watches:
            watch.allow(self._allowance())

    def observe(self, batch: Sequence[StoredObservation]) -> list[Finding]:
        """Take in the next observations, and give the signals that are worth a row."""
        findings: list[Finding] = []
        for stored in batch:
            self.sequence = stored.sequence
            self.window.add(stored)
            self.traffic.observe(stored.observation.at)
            for watch in self.watches:
                watch.feed(stored.observation)
            if self.traffic.n % self._stride == 0:
                findings += self._look()
        return findings

    def finding(self, watch: AnyWatch) -> Finding:
        """Say how ``watch`` stands now, also where that is not due."""
        return Finding(self.sequence, self._draft(watch, watch.last))

    def _look(self) -> list[Finding]:
        allowance = self._allowance()
        looks = [(watch, watch.look(allowance)) for watch in self.watches]
        return [
            Finding(self.sequence, self._draft(watch, look))
            for watch, look in looks
            if look is not None and look.is_due
        ]

    def _allowance(self) -> Allowance:
        return self._budget.allowance(
            detectors=max(1, len(self.watches)),
            requests_per_hour=self.traffic.requests_per_hour(),
        )

    def _draft(self, watch: AnyWatch, look: Look | None) -> SignalDraft:
        current = [stored.observation for stored in self.window.rows]
        cause: Cause = {"sequence": self.sequence}
        if look is not None:
            cause |= {"test": look.evidence.test, "windows": look.evidence.windows}
            cause |= watch.explain(self.reference, current)
        return SignalDraft(
            model=self.model,
            version=self.version,
            detector=watch.name,
            statistic=look.evidence.log_evidence if look else 0.0,
            threshold=look.evidence.log_threshold if look else 0.0,
            evidence_ratio=look.evidence.ratio if look else 0.0,
            is_alarm=look is not None and look.is_alarm,
            n=len(current),
            cause=cause,
        )
