"""What is live is verified again when its test rows change: real git, registry and gates."""

from controller.outcomes import Settled
from registry.overview import read_version
from registry.records import Verdict
from registry.store import evaluations, events, verdicts, versions
from specs.conditions import ConditionStatus, ConditionType

ROLLBACK = ("pin: null}", "pin: null, on_failed_reverification: rollback}")


def two_versions(world):
    world.settle()
    world.change("seed: 1", "seed: 2")
    world.settle()
    assert world.live == 2


def new_test_rows(world, accuracy_of_seed):
    """Commit another test file, on which the versions do as well as is said."""
    world.executor.accuracy_of_seed = accuracy_of_seed
    world.data("test", "e")
    world.commit("harder test rows")
    return world.settle()


def events_of(world, kind):
    with world.database.reading() as session:
        return [one for one in events.list_events(session, limit=1000) if one.kind == kind]


def report_on(world, version):
    with world.database.reading() as session:
        return verdicts.latest_gate_report(session, "intents", version)


def blocked(world):
    (family,) = (one for one in world.metrics.live_blocked.collect())
    return {sample.labels["verdict"]: sample.value for sample in family.samples}


def test_a_live_version_that_fails_on_new_test_rows_is_told_and_stays(world):
    two_versions(world)

    outcome = new_test_rows(world, {1: 0.95, 2: 0.6})

    ready = world.conditions[ConditionType.READY]
    assert isinstance(outcome, Settled)
    assert (world.live, world.hold) == (2, None)
    assert (ready.status, ready.reason) == (ConditionStatus.FALSE, "LiveFailsGates")
    assert world.conditions[ConditionType.GATES_PASSED].status is ConditionStatus.FALSE
    assert len(events_of(world, "LiveFailsGates")) == 1
    assert blocked(world) == {"fail": 1, "inconclusive": 0}
    assert world.executor.started.count("train") == 2


def test_a_held_version_is_measured_on_new_test_rows_though_another_is_wanted(world):
    two_versions(world)
    world.roll_back()
    world.settle()

    new_test_rows(world, {1: 0.95, 2: 0.95})

    assert report_on(world, 1).passed
    assert events_of(world, "LiveVerified")[-1].data["version"] == 1
    assert world.conditions[ConditionType.READY].reason == "Held"
    assert blocked(world) == {"fail": 0, "inconclusive": 0}
    before = list(world.executor.started)
    world.settle("resync")
    assert world.executor.started == before


def test_a_live_version_that_fails_is_rolled_back_to_one_that_passes(world):
    world.change(*ROLLBACK)
    two_versions(world)
    world.change("seed: 2", "seed: 3")
    world.settle()

    new_test_rows(world, {1: 0.95, 2: 0.6, 3: 0.5})

    told = events_of(world, "RolledBack")
    assert (world.live, world.hold.version, world.hold.by) == (1, 1, "trueup")
    assert [one.data["left"] for one in told] == [3]
    assert not report_on(world, 2).passed
    assert report_on(world, 1).passed
    assert "pin: 1" in world.git("show", "HEAD:specs/intents.yaml")
    assert world.executor.started.count("train") == 3
    world.settle()
    assert (world.live, world.conditions[ConditionType.READY].reason) == (1, "Held")


def test_a_live_version_stays_when_no_earlier_one_passes(world):
    world.change(*ROLLBACK)
    two_versions(world)

    new_test_rows(world, {1: 0.5, 2: 0.6})

    assert (world.live, world.hold) == (2, None)
    assert world.conditions[ConditionType.READY].reason == "LiveFailsGates"
    assert world.waiting_for.startswith("a commit: version 2 is live and fails")


def test_gates_that_were_changed_after_training_mark_their_verdicts(world):
    world.settle()
    fixed = report_on(world, 1)
    started = list(world.executor.started)

    world.change("min: 0.8", "min: 0.7")
    world.settle()
    again = report_on(world, 1)
    world.change("min: 0.7", "min: 0.8")
    world.settle()

    with world.database.reading() as session:
        assert read_version(session, "intents", 1).gates == fixed
    assert [one.gates_changed_after_training for one in (fixed, again)] == [False, True]
    assert fixed.gates_at_training == again.gates_at_training is not None
    assert events_of(world, "LiveVerified")[-1].data["gates_changed_after_training"]
    assert world.executor.started == started


def test_versions_that_gates_name_are_compared_with(world):
    two_versions(world)
    gates = "- {metric: accuracy, min: 0.8}"
    named = "".join(
        f"\n    - {{metric: accuracy, against: {name}, max_drop: 0.05}}" for name in ("previous", 1)
    )
    world.change(gates, gates + named)
    world.change("seed: 2", "seed: 3")

    world.settle()

    report = report_on(world, 3)
    assert (report.compared, report.against) == ({"previous": 1, "1": 1}, None)
    assert [one.verdict for one in report.verdicts] == [Verdict.PASS] * 3
    assert world.live == 3


def test_a_test_file_that_judged_many_candidates_is_warned_about(world):
    world.change("test: data/test.csv", "test: data/test.csv, warn_after_candidates: 2")
    world.settle()
    assert "TestFileWorn" not in world.events

    world.change("seed: 1", "seed: 2")
    world.settle()

    assert [one.data["candidates"] for one in events_of(world, "TestFileWorn")] == [2]
    assert "judged 2 candidates" in world.conditions[ConditionType.EVALUATED].message
    with world.database.reading() as session:
        (record, _) = versions.list_versions(session, "intents")
        evidence = evaluations.latest_evaluation(session, "intents", record.number)
        assert evaluations.count_candidates(session, evidence.test_digest) == 2
