"""Labels that a spec names beside its data: known only once the rows are prepared."""

import json

from controller.context import Context
from controller.data.prepared import LABELS
from registry.records import Failure
from specs.problems import suggest


def unknown_outcome(context: Context) -> Failure | None:
    """Say which of ``evaluation.bias.outcomes`` no training row has, before anything is trained."""
    desired = context.desired
    bias = desired.model.spec.evaluation.bias
    if bias is None or not bias.outcomes:
        return None
    known = json.loads((context.tools.prepared(desired) / LABELS).read_text(encoding="utf-8"))
    for outcome in bias.outcomes:
        if outcome not in known:
            problem = (
                f"{desired.path}: spec.evaluation.bias.outcomes: {outcome!r} is no label of the "
                "training rows"
            )
            return Failure("OutcomeUnknown", problem, suggest(outcome, known))
    return None
