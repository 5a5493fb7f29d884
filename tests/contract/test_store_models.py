"""Models, versions, evidence and verdicts, on every database."""

import math
from dataclasses import replace
from datetime import datetime

import pytest

from registry.errors import NotFoundError, StoreError
from registry.records import Estimate, Verdict
from registry.store import conditions, evaluations, models, runs, verdicts, versions
from specs.conditions import ConditionStatus, ConditionType
from specs.digest import digest_of
from tests.contract import rows
from tests.contract.rows import LATER, MODEL, NOW, REVISION


def test_a_declared_model_is_read_back_as_it_was(database):
    with database.transaction() as session:
        rows.declare(session)

    with database.reading() as session:
        found = models.get_model(session, MODEL)

    assert (found.name, found.path, found.revision) == (MODEL, f"specs/{MODEL}.yaml", REVISION)
    assert found.spec == rows.SPEC
    assert found.created_at == NOW
    assert found.created_at.utcoffset() is not None


def test_declaring_without_a_spec_keeps_the_last_valid_one(database):
    with database.transaction() as session:
        rows.declare(session)

        found = models.declare_model(
            session, MODEL, path="specs/other.yaml", revision=None, spec=None, now=LATER
        )

    assert (found.path, found.revision, found.spec) == ("specs/other.yaml", None, rows.SPEC)
    assert found.created_at == NOW


def test_a_retired_model_is_not_listed_until_it_is_declared_again(database):
    with database.transaction() as session:
        rows.declare(session)
        models.retire_model(session, MODEL, now=LATER)
        while_retired = models.list_models(session)
        rows.declare(session)
        again = models.list_models(session)

    assert while_retired == []
    assert [(model.name, model.retired_at) for model in again] == [(MODEL, None)]


def test_an_unknown_model_is_answered_with_the_nearest_name(database):
    with database.transaction() as session:
        rows.declare(session)

        with pytest.raises(NotFoundError) as caught:
            models.get_model(session, "suport-intent")

    assert caught.value.fix == f"did you mean {MODEL}?"


def test_what_a_model_waits_for_is_kept(database):
    with database.transaction() as session:
        rows.declare(session)
        models.set_waiting_for(session, MODEL, "a commit")

    with database.reading() as session:
        assert models.get_model(session, MODEL).waiting_for == "a commit"


def test_a_transaction_that_fails_leaves_nothing(database):
    def stop_half_way():
        with database.transaction() as session:
            rows.declare(session)
            raise RuntimeError("the process stops here")

    with pytest.raises(RuntimeError):
        stop_half_way()

    with database.reading() as session:
        assert models.list_models(session) == []


def test_a_reading_session_writes_nothing(database):
    with database.transaction() as session:
        rows.declare(session)

    def write():
        with database.reading() as session:
            models.set_waiting_for(session, MODEL, "written by a reader")
            session.commit()

    with pytest.raises(StoreError):
        write()

    with database.reading() as session:
        assert models.get_model(session, MODEL).waiting_for == ""


def test_a_reading_session_sees_one_state_to_its_end(database):
    with database.transaction() as session:
        rows.declare(session)

    with database.reading() as reader:
        before = len(models.list_models(reader))
        with database.transaction() as writer:
            rows.declare(writer, "another")
        after = len(models.list_models(reader))

    assert (before, after) == (1, 1)


def test_a_datetime_without_a_zone_is_refused(database):
    naive = datetime(2026, 1, 1)  # noqa: DTZ001  (that is the point)

    with pytest.raises(Exception, match="no time zone"), database.transaction() as session:
        models.declare_model(session, MODEL, path="x", revision=None, spec=None, now=naive)


def test_versions_are_numbered_from_one_per_model(database):
    with database.transaction() as session:
        rows.declare(session)
        rows.declare(session, "other")
        numbers = [rows.register(session, of).number for of in ("a", "b", "c")]
        other = rows.register(session, "a", model="other").number

    assert (numbers, other) == ([1, 2, 3], 1)


def test_registering_a_training_digest_again_returns_its_version(database):
    with database.transaction() as session:
        rows.declare(session)
        first = rows.register(session, "a")
        rows.register(session, "b")

    with database.transaction() as session:
        again = rows.register(session, "a")
        listed = versions.list_versions(session, MODEL)

    assert again == first
    assert [version.number for version in listed] == [1, 2]


def test_the_newest_versions_trained_from_a_base_are_found_over_all_models(database):
    base = rows.version_draft("a").lineage["base"]["revision"]
    with database.transaction() as session:
        rows.declare(session)
        rows.declare(session, "other")
        for model, of in ((MODEL, "a"), ("other", "b"), (MODEL, "c")):
            rows.register(session, of, model=model)

        found = versions.list_trained_from(session, base, limit=2)
        none = versions.list_trained_from(session, "sha256:another", limit=2)

    assert (len(found), none) == (2, [])


def test_a_version_of_an_undeclared_model_is_refused(database):
    with pytest.raises(NotFoundError), database.transaction() as session:
        rows.register(session, "a")


def test_a_missing_version_is_answered_with_those_there_are(database):
    with database.transaction() as session:
        rows.declare(session)
        rows.register(session, "a")

        with pytest.raises(NotFoundError) as caught:
            versions.get_version(session, MODEL, 7)

    assert caught.value.fix == "its versions are 1 to 1"


def test_an_evaluation_is_read_back_with_its_intervals(database):
    with database.transaction() as session:
        rows.declare(session)
        draft = rows.evaluation_draft(rows.register(session, "a"))
        evaluations.record_evaluation(session, draft, now=NOW)

    with database.reading() as session:
        found = evaluations.find_evaluation(session, MODEL, draft.evaluation_digest)

    assert (found.metrics, found.slices, found.files) == (draft.metrics, draft.slices, draft.files)
    assert found.report == draft.report


def test_a_metric_that_is_not_finite_is_kept_as_such(database):
    with database.transaction() as session:
        rows.declare(session)
        lost = Estimate(math.nan, -math.inf, math.inf, 3, "normal")
        draft = replace(rows.evaluation_draft(rows.register(session, "a")), metrics={"loss": lost})
        evaluations.record_evaluation(session, draft, now=NOW)

    with database.reading() as session:
        found = evaluations.latest_evaluation(session, MODEL, 1).metrics["loss"]

    assert math.isnan(found.value)
    assert found.n == 3


def test_the_newest_evaluation_of_each_version_is_found_at_once(database):
    with database.transaction() as session:
        rows.declare(session)
        for of in ("a", "b"):
            draft = rows.evaluation_draft(rows.register(session, of), value=0.7)
            evaluations.record_evaluation(session, draft, now=NOW)
            newer = replace(draft, evaluation_digest=digest_of([of, "newer"]), report={"newer": of})
            evaluations.record_evaluation(session, newer, now=LATER)
        found = evaluations.latest_evaluations(session, MODEL)

    assert {number: one.report for number, one in found.items()} == {
        1: {"newer": "a"},
        2: {"newer": "b"},
    }


def test_a_gate_report_is_recorded_once_per_question(database):
    with database.transaction() as session:
        rows.declare(session)
        report = rows.gate_report(rows.register(session, "a"))
        first = verdicts.record_gate_report(session, report)

        again = verdicts.record_gate_report(session, replace(report, created_at=LATER))

    assert again == first == report


def test_a_comparison_with_another_version_is_another_question(database):
    with database.transaction() as session:
        rows.declare(session)
        report = rows.gate_report(rows.register(session, "a"))
        verdicts.record_gate_report(session, report)
        compared = replace(report, against=1, passed=False)

        verdicts.record_gate_report(session, compared)
        found = verdicts.find_gate_report(
            session, MODEL, 1, gates_digest=rows.GATES, evaluation_digest=report.evaluation_digest
        )

    assert found == compared


def test_the_newest_report_decides_whether_a_version_passed(database):
    with database.transaction() as session:
        rows.declare(session)
        version = rows.judged(session, "a")
        before = verdicts.latest_gate_reports(session, MODEL)[1].passed
        stricter = rows.gate_report(version, verdict=Verdict.FAIL)
        verdicts.record_gate_report(session, replace(stricter, gates_digest=digest_of("stricter")))

        after = verdicts.latest_gate_reports(session, MODEL)[1].passed

    assert (before, after) == (True, False)
    with database.reading() as session:
        assert verdicts.has_ever_passed(session, MODEL, 1)


def test_a_report_keeps_the_circumstances_of_its_verdicts(database):
    with database.transaction() as session:
        rows.declare(session)
        version = rows.judged(session, "one")
        report = replace(
            rows.gate_report(version),
            gates_digest=digest_of("other gates"),
            against=1,
            compared={"live": 1, "3": 3},
            gates_at_training=rows.GATES,
            gates_changed_after_training=True,
            is_ungated=True,
            overrides=({"approver": "dana", "reason": "a fair", "expires": "2026-12-01"},),
        )

        verdicts.record_gate_report(session, report)

        assert verdicts.latest_gate_report(session, MODEL, 1) == report


def test_the_same_measurement_of_a_version_is_found_whatever_it_learned_from_since(database):
    with database.transaction() as session:
        rows.declare(session)
        version = rows.register(session, "one")
        for of, on in (("a", "rows"), ("b", "rows"), ("c", "other rows")):
            draft = replace(
                rows.evaluation_draft(version),
                evaluation_digest=digest_of(of),
                measurement_digest=digest_of(on),
            )
            evaluations.record_evaluation(session, draft, now=NOW)

        found = evaluations.find_measured(session, MODEL, 1, digest_of("rows"))

        assert found.evaluation_digest == digest_of("b")
        assert evaluations.find_measured(session, MODEL, 1, digest_of("no rows")) is None


def test_candidates_of_a_test_file_are_counted_once_over_all_models(database):
    with database.transaction() as session:
        for model, of in ((MODEL, "one"), (MODEL, "two"), ("other", "two"), ("other", "three")):
            rows.declare(session, model)
            version = rows.register(session, of, model=model)
            for measured in ("before", "after"):
                draft = replace(
                    rows.evaluation_draft(version),
                    evaluation_digest=digest_of([of, measured]),
                    test_digest="md5:1" if of != "three" else "md5:2",
                )
                evaluations.record_evaluation(session, draft, now=NOW)

        counts = [evaluations.count_candidates(session, f"md5:{one}") for one in (1, 2, 3)]

    assert counts == [2, 1, 0]


def test_a_condition_keeps_its_transition_time_while_its_status_stays(database):
    kind = ConditionType.READY
    with database.transaction() as session:
        rows.declare(session)
        first = rows.condition(kind, ConditionStatus.TRUE, at=NOW)
        conditions.write_conditions(session, MODEL, [first])
        same = rows.condition(kind, ConditionStatus.TRUE, at=LATER, message="in other words")
        conditions.write_conditions(session, MODEL, [same])
        kept = conditions.read_conditions(session, MODEL)[kind]
        changed = rows.condition(kind, ConditionStatus.FALSE, at=LATER)
        conditions.write_conditions(session, MODEL, [changed])
        moved = conditions.read_conditions(session, MODEL)[kind]

    assert (kept.message, kept.last_transition_time) == ("in other words", NOW)
    assert (moved.status, moved.last_transition_time) == (ConditionStatus.FALSE, LATER)


def test_conditions_that_are_not_written_stay(database):
    ready, stalled = ConditionType.READY, ConditionType.STALLED
    with database.transaction() as session:
        rows.declare(session)
        both = [rows.condition(kind, ConditionStatus.TRUE) for kind in (stalled, ready)]
        conditions.write_conditions(session, MODEL, both)

        conditions.write_conditions(session, MODEL, [rows.condition(ready, ConditionStatus.FALSE)])
        found = conditions.read_conditions(session, MODEL)

    assert [(kind, one.status.value) for kind, one in found.items()] == [
        (ready, "False"),
        (stalled, "True"),
    ]


def test_conditions_of_an_undeclared_model_are_refused(database):
    ready = rows.condition(ConditionType.READY, ConditionStatus.TRUE)

    with pytest.raises(NotFoundError), database.transaction() as session:
        conditions.write_conditions(session, "nobody", [ready])


def test_models_do_not_see_each_others_rows(database):
    with database.transaction() as session:
        rows.two_versions(session)
        rows.declare(session, "other")
        rows.start_run(session, "other")

        assert runs.find_running(session, MODEL) is None
        assert versions.list_versions(session, "other") == []
        assert evaluations.latest_evaluations(session, "other") == {}
        assert verdicts.latest_gate_reports(session, "other") == {}
