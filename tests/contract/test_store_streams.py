"""Runs and everything that only grows, on every database."""

import math
from dataclasses import replace

import pytest

from registry.errors import ConflictError, NotFoundError
from registry.records import CurvePoint, Failure, Progress, RunKind, RunState, SourceRecord
from registry.store import (
    events,
    predictions,
    run_output,
    runs,
    signals,
    sources,
    triggers,
)
from specs.digest import digest_of
from tests.contract import rows
from tests.contract.rows import LATER, MODEL, NOW, REVISION


@pytest.fixture
def session(database):
    with database.transaction() as session:
        rows.declare(session)
        yield session


def test_a_model_has_one_active_run(session):
    first = rows.start_run(session)

    with pytest.raises(ConflictError) as caught:
        rows.start_run(session, of="two", kind=RunKind.EVALUATE)

    assert caught.value.found == first.id
    assert runs.find_running(session, MODEL) == first


def test_a_finished_run_makes_room_for_the_next(session):
    first = rows.start_run(session)
    rows.finish(session, first)

    second = rows.start_run(session, of="two")

    assert [run.id for run in runs.list_runs(session, MODEL)] == [second.id, first.id]
    assert [run.id for run in runs.list_running(session)] == [second.id]


def test_run_ids_are_short_and_safe_in_urls(session):
    run = rows.start_run(session)

    assert run.id.startswith("r-")
    assert len(run.id) == 12
    assert set(run.id[2:]) <= set("abcdefghijklmnopqrstuvwxyz234567")


def test_a_resumed_run_counts_its_attempts(session):
    run = rows.start_run(session)

    resumed = runs.restart_run(session, run.id, job={"pid": 2})

    assert (resumed.attempt, resumed.job) == (2, {"pid": 2})


def test_a_run_that_has_ended_is_not_resumed(session):
    run = rows.start_run(session)
    rows.finish(session, run)

    with pytest.raises(ConflictError):
        runs.restart_run(session, run.id, job={})


def test_ending_a_run_the_same_way_again_changes_nothing(session):
    run = rows.start_run(session)
    failure = Failure("OutOfMemory", "not enough memory", "use a smaller batch", is_transient=False)

    ended = runs.finish_run(session, run.id, state=RunState.FAILED, failure=failure, now=NOW)
    again = runs.finish_run(session, run.id, state=RunState.FAILED, now=LATER)

    assert ended.failure == failure
    assert again == ended


def test_a_run_that_has_ended_does_not_end_otherwise(session):
    run = rows.start_run(session)
    rows.finish(session, run)

    with pytest.raises(ConflictError):
        runs.finish_run(session, run.id, state=RunState.CANCELLED, now=LATER)


def test_progress_after_the_end_is_not_kept(session):
    run = rows.start_run(session)
    last = Progress("training", 9, 10, "almost", eta_seconds=1.5)
    runs.report_progress(session, run.id, last)
    rows.finish(session, run)

    runs.report_progress(session, run.id, Progress("training", 1, 10))

    assert runs.get_run(session, run.id).progress == last


def test_the_newest_run_of_a_digest_is_found(session):
    first = rows.start_run(session, of="a")
    rows.finish(session, first)
    second = rows.start_run(session, of="a")
    rows.finish(session, second)
    rows.start_run(session, of="b")

    found = runs.latest_run(session, MODEL, RunKind.TRAIN, digest_of("a"))

    assert found.id == second.id
    assert runs.latest_run(session, MODEL, RunKind.DATA, digest_of("a")) is None


def test_an_unknown_run_is_not_found(session):
    with pytest.raises(NotFoundError):
        runs.get_run(session, "r-aaaaaaaaaa")


def test_the_log_is_read_on_from_where_a_reader_stopped(session):
    run = rows.start_run(session)
    run_output.append_log(session, run.id, ["one", "two"])
    first = run_output.read_log(session, run.id)
    run_output.append_log(session, run.id, ["three", "a \0 in it"])

    rest = run_output.read_log(session, run.id, after=first[-1].sequence)

    assert [line.text for line in first] == ["one", "two"]
    assert [line.text for line in rest] == ["three", "a  in it"]


def test_the_tail_of_the_log_is_in_printed_order(session):
    run = rows.start_run(session)
    run_output.append_log(session, run.id, [str(number) for number in range(9)])

    assert [line.text for line in run_output.tail_log(session, run.id, limit=3)] == ["6", "7", "8"]


def test_a_resumed_run_repeats_steps_and_the_last_value_stands(session):
    run = rows.start_run(session)
    run_output.append_points(
        session, run.id, [CurvePoint(1, "loss", 3.0), CurvePoint(2, "loss", 2)]
    )
    run_output.append_points(session, run.id, [CurvePoint(2, "loss", 2.5)])

    assert run_output.read_points(session, run.id) == [
        CurvePoint(1, "loss", 3.0),
        CurvePoint(2, "loss", 2.5),
    ]


def test_a_loss_that_is_not_finite_is_a_point_all_the_same(session):
    run = rows.start_run(session)
    run_output.append_points(session, run.id, [CurvePoint(1, "loss", math.inf)])

    assert math.isnan(run_output.read_points(session, run.id)[0].value)


def tell(session, *messages, model=MODEL):
    for message in messages:
        events.record_event(session, kind="Told", message=message, model=model, now=NOW)


def test_events_begin_with_the_newest_and_go_on_without_a_gap(session):
    tell(session, "one", "two", "three")
    first = events.list_events(session, limit=2)
    tell(session, "four", "five", "six")

    then = events.list_events(session, after=first[-1].id, limit=2)

    assert [event.message for event in first] == ["two", "three"]
    assert [event.message for event in then] == ["four", "five"]


def test_events_of_one_model_are_its_own(session):
    tell(session, "ours")
    tell(session, "theirs", model="other")
    tell(session, "everybody's", model=None)

    found = events.list_events(session, model=MODEL)

    assert [event.message for event in found] == ["ours"]


def test_each_detectors_newest_signal_on_a_version_is_found(session):
    said = (("text", 0.1, 1), ("text", 1.2, 1), ("prediction", 0.4, 1), ("text", 0.9, 2))
    for detector, ratio, version in said:
        signals.record_signal(session, rows.signal_draft(detector, ratio, version=version), now=NOW)

    found = signals.latest_signals(session, MODEL, 1)

    assert [(one.detector, one.evidence_ratio, one.is_alarm) for one in found] == [
        ("prediction", 0.4, False),
        ("text", 1.2, True),
    ]
    assert [one.version for one in signals.list_signals(session, MODEL, limit=2)] == [2, 1]


def test_a_trigger_is_taken_once(session):
    triggers.request_look(session, model=MODEL, kind="manual", message="look", now=NOW)
    triggers.request_look(session, model=None, kind="webhook", message="push", now=NOW)

    taken = triggers.take_triggers(session)

    assert [(one.model, one.kind) for one in taken] == [(MODEL, "manual"), (None, "webhook")]
    assert triggers.take_triggers(session) == []
    assert not triggers.has_triggers(session)


def test_asking_twice_while_nobody_looked_is_one_trigger(session):
    for _ in range(2):
        triggers.request_look(session, model=None, kind="webhook", message="push", now=NOW)

    assert len(triggers.take_triggers(session)) == 1


def test_observations_are_read_in_order_from_where_a_reader_stopped(session):
    predictions.record_observations(session, [rows.observation(text) for text in ("a", "b", "c")])
    predictions.record_observations(session, [rows.observation("other", version=2)])
    first = predictions.read_observations(session, MODEL, 1, after=0, limit=2)

    rest = predictions.read_observations(session, MODEL, 1, after=first[-1].sequence, limit=9)

    assert [one.observation for one in first + rest] == [
        rows.observation(text) for text in ("a", "b", "c")
    ]
    assert predictions.count_observations(session, MODEL, 1) == 3


def test_a_model_without_traffic_has_no_observations(session):
    assert predictions.count_observations(session, MODEL, 1) == 0


@pytest.mark.parametrize(("sent", "kept"), [("a\0b", "ab"), ("half \ud83d", "half ?"), ("ж", "ж")])
def test_whatever_a_client_sends_is_captured(session, sent, kept):
    asked = replace(rows.observation(sent), request_id=sent, slices={"channel": sent})
    predictions.record_observations(session, [asked])

    found = predictions.read_observations(session, MODEL, 1, after=0, limit=1)[0].observation

    assert (found.text, found.request_id) == (kept, kept)
    assert found.slices["channel"].replace("\0", "") == kept


def test_what_is_known_of_a_source_is_replaced(session):
    old = SourceRecord("/srv/models.git", "main", None, NOW, NOW, "not reachable")
    new = SourceRecord("/srv/models.git", "main", REVISION, LATER, None, "")

    for source in (old, new):
        sources.record_source(session, source)

    assert sources.list_sources(session) == [new]
