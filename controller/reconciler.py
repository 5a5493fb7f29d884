"""One look at one model: observe, plan, do the next thing, say what was seen.

This is the whole product in one file. A pass is level-based: it remembers nothing of the pass
before, so it does not matter why it was asked for, how often, or whether the last one was killed.
It never waits: expensive actions run as jobs, and a pass that finds one at work comes back soon.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from controller.actions import (
    CancelRun,
    Choose,
    EstimateCost,
    Evaluate,
    Judge,
    PrepareData,
    Promote,
    ReleaseHold,
    RemovePin,
    RollBack,
    Stall,
    Train,
    Trial,
    WritePin,
)
from controller.catalog import Catalog
from controller.context import Context, Tools
from controller.desired import as_of, desire
from controller.metrics import ControllerMetrics
from controller.observe import observe
from controller.outcomes import Deferred, Done, Outcome, Settled, Stalled
from controller.planner import plan
from controller.record import record_notices, record_pass, record_unusable
from controller.state import Desired, Observed
from controller.steps.cancel import cancel_run
from controller.steps.data import prepare_data
from controller.steps.estimate import estimate_cost
from controller.steps.evaluate import evaluate
from controller.steps.judge import judge
from controller.steps.pin import release_hold, remove_pin, write_pin
from controller.steps.promote import promote, roll_back
from controller.steps.train import train
from controller.steps.trial import choose, trial
from controller.summarize import Pass
from registry.records import Failure
from registry.store import models
from specs.errors import TrueupError
from specs.names import Revision

MOST_ACTIONS_A_PASS = 20
"""Far more than any plan needs: a plan that never ends is a fault, not work."""


class Reconciler:
    """Brings one model at a time closer to what git wants of it."""

    def __init__(self, tools: Tools, metrics: ControllerMetrics) -> None:
        """``tools`` live as long as the controller."""
        self._tools = tools
        self._metrics = metrics
        self._desired: dict[str, Desired] = {}

    def reconcile(
        self,
        name: str,
        catalog: Catalog,
        *,
        trigger: str,
        source_failure: str | None = None,
        forgiven_before: datetime | None = None,
    ) -> Outcome:
        """Do what can be done now for ``name``, and record its conditions."""
        try:
            resolved = self._desire(name, catalog, trigger)
        except TrueupError as error:
            record_unusable(self._tools, name, error, at=catalog.revision, trigger=trigger)
            return Stalled(Failure(error.reason, str(error), error.fix))
        desired = as_of(resolved, self._tools.clock().date())
        for _ in range(MOST_ACTIONS_A_PASS):
            observed = self._observe(desired, forgiven_before)
            context = Context(self._tools, desired, observed, trigger)
            outcome, stage, put_off = _act(context)
            if not isinstance(outcome, Done):
                look = Pass(desired, observed, outcome, stage, tuple(put_off), source_failure)
                record_pass(self._tools, look, trigger=trigger)
                live = observed.live
                self._metrics.saw_live(name, live.verification if live else None)
                return _recheck_deferred(outcome, put_off)
        raise RuntimeError(f"the plan for {name} did not end after {MOST_ACTIONS_A_PASS} actions")

    def _desire(self, name: str, catalog: Catalog, trigger: str) -> Desired:
        known = self._desired.get(name)
        if known is not None and known.revision == catalog.revision and trigger != "resync":
            return known
        loaded = catalog.models[name]
        now = self._tools.clock()
        with self._tools.database.transaction() as session:
            before = models.find_model(session, name) if loaded.notices else None
            models.declare_model(
                session,
                name,
                path=loaded.path,
                revision=catalog.revision,
                spec=loaded.spec.model_dump(mode="json"),
                now=now,
            )
            record_notices(session, loaded, before, at=catalog.revision, now=now)
        self._desired.pop(name, None)
        desired = desire(
            loaded.spec,
            path=loaded.path,
            revision=catalog.revision,
            repository=self._tools.repository,
            resolve=self._tools.resolve_base,
            abilities=self._tools.abilities,
        )
        self._desired[name] = replace(desired, gate_lines=loaded.gate_lines)
        return self._desired[name]

    def _observe(self, desired: Desired, forgiven_before: datetime | None) -> Observed:
        is_in_history: Callable[[Revision], bool] = lambda earlier: (  # noqa: E731
            self._tools.repository.contains(earlier, at=desired.revision)
        )
        with self._tools.database.reading() as session:
            return observe(
                session,
                desired,
                prepared=self._tools.prepared(desired),
                run_folder=self._tools.run_folder,
                is_in_history=is_in_history,
                forgiven_before=forgiven_before,
            )


def _act(context: Context) -> tuple[Outcome, type | None, list[Deferred]]:
    """Carry out the first action that can be; those put off do not stand in the way."""
    put_off: list[Deferred] = []
    for action in plan(context.desired, context.observed):
        outcome = STEPS[type(action)](context, action)
        if not isinstance(outcome, Deferred):
            stage = action.stage if isinstance(action, Stall) else type(action)
            return outcome, stage, put_off
        put_off.append(outcome)
    return Settled(), None, put_off


STEPS: Mapping[type, Callable[[Context, Any], Outcome]] = {
    CancelRun: cancel_run,
    PrepareData: prepare_data,
    EstimateCost: estimate_cost,
    Train: train,
    Trial: trial,
    Choose: choose,
    Evaluate: evaluate,
    Judge: judge,
    Promote: promote,
    RollBack: roll_back,
    WritePin: write_pin,
    RemovePin: remove_pin,
    ReleaseHold: release_hold,
    Stall: lambda _context, action: Stalled(action.failure),
}
"""One step for each kind of action; a test holds this table against the closed set."""


def _recheck_deferred(outcome: Outcome, put_off: list[Deferred]) -> Outcome:
    # A settled model with something put off is looked at again for that alone.
    return put_off[0] if put_off and isinstance(outcome, Settled) else outcome
