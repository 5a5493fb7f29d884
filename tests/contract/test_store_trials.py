"""Trials: proposed once, and worth what the run or version of their digest is worth."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
from alembic import command

from registry.records import Failure, RunKind, RunState
from registry.store import runs, trials, versions
from registry.store.database import Database
from registry.store.schema import configuration
from registry.trial_records import TrialDraft, TrialState
from specs.digest import digest_of
from tests.contract import rows
from tests.contract.rows import LATER, MODEL, NOW
from tests.contract.test_migrations import engine_of

SEARCH = digest_of("search")


def draft(number, *, of="one", search=SEARCH, metric="f1_macro"):
    return TrialDraft(
        model=MODEL,
        search_digest=search,
        number=number,
        of=3,
        digest=digest_of(of),
        base="org/base",
        parameters={"learning_rate": 0.001, "lora.target_modules": ["query"]},
        metric=metric,
    )


def propose(session, number=1, *, at=NOW, **more):
    trials.record_trial(session, draft(number, **more), now=at)


def run(session, of="one", *, result=None, failure=None):
    started = rows.start_run(session, of=of, kind=RunKind.TRIAL)
    state = RunState.FAILED if failure else RunState.SUCCEEDED
    runs.finish_run(
        session, started.id, state=state, result=result, failure=failure, now=LATER
    )  # fmt: skip
    return started


def result(value, **trial):
    return {"training": {"validation": {"f1_macro": value, "loss": 0.2}}, "trial": trial}


def only(session, **more):
    (found,) = trials.list_trials(session, MODEL, SEARCH, **more)
    return found


@pytest.fixture
def session(database):
    with database.transaction() as session:
        rows.declare(session)
        yield session


def test_a_proposal_is_kept_and_made_once(session):
    propose(session)
    trials.record_trial(session, draft(1, of="another"), now=LATER)

    found = only(session)

    assert (found.state, found.digest, found.of) == (TrialState.PLANNED, digest_of("one"), 3)
    assert found.parameters == {"learning_rate": 0.001, "lora.target_modules": ["query"]}
    assert not found.has_ended


def test_a_trial_is_where_its_run_is(session):
    propose(session)
    started = rows.start_run(session, kind=RunKind.TRIAL)
    during = only(session)
    done = result(0.9, curve=[0.7, 0.9])
    runs.finish_run(session, started.id, state=RunState.SUCCEEDED, result=done, now=LATER)

    found = only(session)

    assert (during.state, during.run_id) == (TrialState.RUNNING, started.id)
    assert (found.state, found.value, found.curve) == (TrialState.SUCCEEDED, 0.9, (0.7, 0.9))
    assert (found.seconds, found.is_reused) == (300, False)


def test_a_training_of_the_same_digest_that_is_no_trial_says_nothing(session):
    propose(session)
    rows.finish(session, rows.start_run(session))

    assert only(session).state is TrialState.PLANNED


def test_a_failed_trial_says_why_until_somebody_asks_for_another_try(session):
    propose(session)
    run(session, failure=Failure("LossNotFinite", "not a number", "lower it"))

    assert (only(session).state, only(session).failure.reason) == (
        TrialState.FAILED,
        "LossNotFinite",
    )
    assert only(session, forgiven_before=LATER).state is TrialState.PLANNED
    assert only(session, forgiven_before=NOW).state is TrialState.FAILED


def test_a_cancelled_run_leaves_its_trial_to_be_run(session):
    propose(session)
    started = rows.start_run(session, kind=RunKind.TRIAL)
    runs.finish_run(session, started.id, state=RunState.CANCELLED, now=LATER)

    assert only(session).state is TrialState.PLANNED


def test_a_value_that_is_not_finite_is_a_failure(session):
    propose(session)
    run(session, result=result(float("nan")))

    assert (only(session).state, only(session).failure.reason) == (
        TrialState.FAILED,
        "NotMeasured",
    )


def test_what_an_earlier_search_trained_has_its_value_at_once(session):
    run(session, result=result(0.8))
    propose(session, at=NOW + timedelta(seconds=1), metric="loss")

    found = only(session)

    assert (found.state, found.value, found.is_reused) == (TrialState.SUCCEEDED, 0.2, True)


def test_a_version_of_the_same_inputs_is_a_trial_that_was_done(session):
    draft_ = rows.version_draft("one")
    object.__setattr__(draft_, "training", {"validation": {"f1_macro": 0.7}})
    versions.record_version(session, draft_, now=NOW)
    propose(session, at=LATER)

    found = only(session)

    assert (found.value, found.version, found.run_id, found.is_reused) == (0.7, 1, None, True)


def test_pruned_counts_in_the_search_that_pruned_it_and_nowhere_else(session):
    propose(session)
    propose(session, search=digest_of("other search"), at=LATER)
    run(session, result=result(0.5, pruned=True, search=SEARCH, curve=[0.5]))

    (elsewhere,) = trials.list_trials(session, MODEL, digest_of("other search"))

    assert (only(session).state, only(session).value) == (TrialState.PRUNED, None)
    assert only(session).has_ended
    assert elsewhere.state is TrialState.PLANNED
    assert trials.latest_search(session, MODEL) == digest_of("other search")


def test_no_search_has_no_trials(session):
    assert trials.list_trials(session, MODEL, SEARCH) == []
    assert trials.latest_search(session, MODEL) is None


def test_the_table_comes_to_a_database_that_holds_rows_and_goes_again(url, database):
    with database.transaction() as session:
        rows.two_versions(session)
        propose(session)
        run(session, result=result(0.5))
    database.close()
    engine = engine_of(url)
    with engine.connect() as connection:
        command.downgrade(configuration(connection), "0001")
        connection.commit()
        tables = set(sa.inspect(connection).get_table_names())
        kinds = connection.execute(sa.text("SELECT DISTINCT kind FROM runs")).scalars().all()
    engine.dispose()

    again = Database.open(url)

    assert "trials" not in tables
    assert kinds == ["train"]
    with again.transaction() as session:
        assert len(versions.list_versions(session, MODEL)) == 2
        propose(session)
        assert only(session).state is TrialState.PLANNED
    again.close()
