"""What has to be measured before a version can be judged. Pure; the planner asks."""

from collections.abc import Iterator, Mapping

from controller.actions import (
    Action,
    EstimateCost,
    Evaluate,
    Judge,
    Plan,
    PrepareData,
    Stall,
    Train,
    Trial,
)
from controller.state import Desired, Judged, Observed
from registry.records import Failure, RunKind
from specs.names import Digest

KINDS: Mapping[type, RunKind] = {
    PrepareData: RunKind.DATA,
    EstimateCost: RunKind.ESTIMATE,
    Train: RunKind.TRAIN,
    Trial: RunKind.TRIAL,
    Evaluate: RunKind.EVALUATE,
}
"""Expensive action → the kind of its run."""


def run_of(action: Action) -> tuple[RunKind, Digest | None] | None:
    """Kind and digest of the run that carries an action; None for those that need none."""
    if isinstance(action, PrepareData | EstimateCost | Train | Trial | Evaluate):
        return KINDS[type(action)], action.digest
    return None


def or_stall(
    action: PrepareData | EstimateCost | Train | Evaluate, digest: Digest, observed: Observed
) -> Action:
    """Give the action, or why it is not tried again."""
    failure = observed.failures.get(digest)
    if failure is None:
        return action
    return Stall(failure, type(action), why="this failed, and nothing it depends on has changed")


def up_to_a_stall(actions: list[Action]) -> Plan:
    """Cut what nothing can come of: whatever follows a stall."""
    for index, action in enumerate(actions):
        if isinstance(action, Stall):
            return tuple(actions[: index + 1])
    return tuple(actions)


def refuse_unknown_versions(desired: Desired, observed: Observed) -> Plan:
    """Stall where a gate compares with a version that does not exist."""
    numbers = (name for name in desired.compares_with if isinstance(name, int))
    unknown = [number for number in numbers if number not in observed.compared]
    if not unknown:
        return ()
    problem = f"a gate compares with version {unknown[0]}, which does not exist"
    fix = "name a version of `trueup versions`, or compare with live or previous"
    return (Stall(Failure("NoSuchVersion", problem, fix), Judge, why=problem),)


def measure_compared(observed: Observed, subject: Judged | None) -> Iterator[Action]:
    """Measure the versions that ``subject`` is compared with and that were not measured yet.

    A new version is compared on exactly its own rows. One that is verified is compared on the
    same held-out rows, whatever training rows stood beside them.
    """
    asked = set[Digest]()
    is_wanted = subject is None or subject is observed.wanted
    for name, other in observed.compared.items():
        is_itself = subject is not None and subject.version.number == other.version.number
        is_measured = (other.evaluation if is_wanted else other.measured) is not None
        if is_itself or is_measured or other.evaluation_digest in asked:
            continue
        asked.add(other.evaluation_digest)
        who = f"version {name}" if isinstance(name, int) else name
        why = f"a gate compares with {who}, which was not measured on these rows"
        evaluate = Evaluate(other.evaluation_digest, other.version.training_digest, why=why)
        yield or_stall(evaluate, other.evaluation_digest, observed)


def verify(desired: Desired, observed: Observed, subject: Judged, *, why: str) -> Plan:
    """Measure and judge a version by what is declared now; nothing when that was done."""
    if subject.verification is not None:
        return ()
    actions = [*refuse_unknown_versions(desired, observed)]
    if subject.measured is None:
        digest = subject.evaluation_digest
        evaluate = Evaluate(digest, subject.version.training_digest, why=why)
        actions.append(or_stall(evaluate, digest, observed))
    actions.extend(measure_compared(observed, subject))
    actions.append(Judge(subject.version.training_digest, why=why))
    return up_to_a_stall(actions)
