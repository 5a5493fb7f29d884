"""Aliases, holds, quarantine and rollback, on every database."""

import pytest

from registry.errors import ConflictError, NotFoundError, RefusedError
from registry.records import Verdict
from registry.store import aliases, events, holds, rollbacks, triggers
from specs.digest import digest_of
from specs.names import LIVE, PREVIOUS
from tests.contract import rows
from tests.contract.rows import LATER, MODEL, NOW, REVISION


def move(session, alias, *, to, expected, model=MODEL):
    return aliases.move_alias(
        session, model, alias, to=to, expected=expected, by="dana", reason="why not", now=LATER
    )


def points_at(session, alias, model=MODEL):
    found = aliases.find_alias(session, model, alias)
    return found.version if found else None


def roll_back(session, *, to=None):
    return rollbacks.roll_back(session, MODEL, to=to, reason="bad answers", by="dana", now=LATER)


def test_moving_live_moves_previous_to_what_live_left(database):
    with database.transaction() as session:
        rows.two_versions(session)

    with database.reading() as session:
        assert (points_at(session, LIVE), points_at(session, PREVIOUS)) == (2, 1)


def test_moving_another_alias_leaves_previous_alone(database):
    with database.transaction() as session:
        rows.two_versions(session)
        move(session, "champion", to=1, expected=None)
        move(session, "champion", to=2, expected=1)

        assert points_at(session, PREVIOUS) == 1


@pytest.mark.parametrize("expected", [None, 2])
def test_an_alias_that_is_elsewhere_is_not_moved(database, expected):
    with database.transaction() as session:
        rows.declare(session)
        for of in ("a", "b", "c"):
            rows.register(session, of)
        move(session, "champion", to=1, expected=None)

    with pytest.raises(ConflictError) as caught, database.transaction() as session:
        move(session, "champion", to=3, expected=expected)

    assert (caught.value.expected, caught.value.found) == (expected, 1)
    with database.reading() as session:
        assert points_at(session, "champion") == 1
        assert len(aliases.alias_history(session, MODEL, "champion")) == 1


def test_an_alias_that_nobody_placed_is_not_where_it_is_expected(database):
    with database.transaction() as session:
        rows.two_versions(session)

        with pytest.raises(ConflictError):
            move(session, "champion", to=2, expected=1)


def test_moving_an_alias_to_where_it_is_changes_nothing(database):
    with database.transaction() as session:
        rows.two_versions(session)
        before = aliases.list_aliases(session, MODEL)

        move(session, LIVE, to=2, expected=2)

        assert aliases.list_aliases(session, MODEL) == before
        assert len(aliases.alias_history(session, MODEL, LIVE)) == 2


def test_an_alias_never_points_at_a_version_that_is_not_there(database):
    with database.transaction() as session:
        rows.declare(session)

        with pytest.raises(NotFoundError):
            move(session, LIVE, to=1, expected=None)


def test_the_history_of_an_alias_keeps_every_place(database):
    with database.transaction() as session:
        rows.two_versions(session)
        move(session, LIVE, to=1, expected=2)

    with database.reading() as session:
        history = aliases.alias_history(session, MODEL, LIVE)
        assert [(one.version, one.changed_by) for one in history] == [
            (1, "trueup"),
            (2, "trueup"),
            (1, "dana"),
        ]
        assert [one.version for one in aliases.alias_history(session, MODEL, PREVIOUS)] == [1, 2]


def test_the_live_versions_of_all_models_are_one_list(database):
    with database.transaction() as session:
        rows.two_versions(session)
        rows.two_versions(session, "banking77")
        rows.declare(session, "idle")

        found = aliases.list_live(session)

    assert [(one.model, one.version) for one in found] == [("banking77", 2), (MODEL, 2)]


def test_a_new_hold_takes_the_place_of_the_old_one(database):
    with database.transaction() as session:
        rows.two_versions(session)
        for version in (1, 2):
            holds.place_hold(session, MODEL, version=version, reason="a look", by="dana", now=NOW)

        assert holds.find_hold(session, MODEL).version == 2
        assert [hold.version for hold in holds.list_holds(session)] == [2]


def test_asking_for_the_hold_that_is_active_returns_it(database):
    with database.transaction() as session:
        rows.two_versions(session)
        asked = {"version": 1, "reason": "a look", "by": "dana", "now": NOW}

        first = holds.place_hold(session, MODEL, **asked)
        again = holds.place_hold(session, MODEL, **asked)

    assert again == first


def test_a_hold_knows_the_commit_that_says_the_same(database):
    with database.transaction() as session:
        rows.two_versions(session)
        hold = holds.place_hold(session, MODEL, version=1, reason="a", by="dana", now=NOW)

        holds.mark_written_back(session, hold.id, revision=REVISION)

        assert holds.find_hold(session, MODEL).written_back == REVISION


def test_a_released_hold_is_over(database):
    with database.transaction() as session:
        rows.two_versions(session)
        holds.place_hold(session, MODEL, version=1, reason="a", by="dana", now=NOW)

        released = holds.release_hold(session, MODEL, by="dana", reason="fixed", now=LATER)
        again = holds.release_hold(session, MODEL, by="dana", reason="fixed", now=LATER)

        assert released.released_at == LATER
        assert again is None
        assert holds.find_hold(session, MODEL) is None


def test_the_first_reason_of_a_quarantine_stays(database):
    with database.transaction() as session:
        rows.declare(session)
        for reason in ("answers nonsense", "a second thought"):
            holds.quarantine(session, MODEL, digest_of("one"), reason=reason, by="dana", now=NOW)

        found = holds.list_quarantined(session, MODEL)

    assert [(one.training_digest, one.reason) for one in found] == [
        (digest_of("one"), "answers nonsense")
    ]


def test_a_rollback_moves_holds_quarantines_and_tells(database):
    with database.transaction() as session:
        rows.two_versions(session)

    with database.transaction() as session:
        done = roll_back(session)

    with database.reading() as session:
        assert (done.left, done.to) == (2, 1)
        assert (points_at(session, LIVE), points_at(session, PREVIOUS)) == (1, 2)
        assert holds.find_hold(session, MODEL) == done.hold
        assert [one.training_digest for one in holds.list_quarantined(session, MODEL)] == [
            done.quarantined
        ]
        event = events.list_events(session, model=MODEL)[-1]
        assert (event.kind, event.data["left"], event.data["to"]) == ("RolledBack", 2, 1)
    with database.transaction() as session:
        assert [(one.model, one.kind) for one in triggers.take_triggers(session)] == [
            (MODEL, "rollback")
        ]


def test_a_rollback_that_is_refused_leaves_no_trace(database):
    with database.transaction() as session:
        rows.two_versions(session)
        rows.judged(session, "bad", verdict=Verdict.FAIL)

    with pytest.raises(RefusedError, match="never passed") as caught, database.transaction() as one:
        roll_back(one, to=3)

    assert caught.value.fix
    with database.reading() as session:
        assert points_at(session, LIVE) == 2
        assert holds.find_hold(session, MODEL) is None
        assert events.list_events(session) == []
        assert not triggers.has_triggers(session)


def test_a_rollback_to_what_is_live_is_refused(database):
    with database.transaction() as session:
        rows.two_versions(session)

        with pytest.raises(RefusedError, match="live already"):
            roll_back(session, to=2)


def test_a_rollback_to_a_version_that_is_not_there_is_refused(database):
    with database.transaction() as session:
        rows.two_versions(session)

        with pytest.raises(NotFoundError):
            roll_back(session, to=9)


def test_the_first_live_version_has_nothing_to_go_back_to(database):
    with database.transaction() as session:
        rows.declare(session)
        rows.go_live(session, rows.judged(session, "one"))

        with pytest.raises(RefusedError, match="no previous version"):
            roll_back(session)


def test_without_a_live_version_there_is_nothing_to_roll_back(database):
    with database.transaction() as session:
        rows.declare(session)

        with pytest.raises(RefusedError, match="no live version"):
            roll_back(session)


def test_rolling_back_twice_does_not_bring_the_bad_version_back(database):
    with database.transaction() as session:
        rows.two_versions(session)
        roll_back(session)

        with pytest.raises(RefusedError, match="in quarantine"):
            roll_back(session)

        assert points_at(session, LIVE) == 1


def test_a_quarantined_version_that_is_named_is_gone_back_to(database):
    with database.transaction() as session:
        rows.two_versions(session)
        first = roll_back(session)

        second = roll_back(session, to=2)

        assert points_at(session, LIVE) == 2
        assert [one.training_digest for one in holds.list_quarantined(session, MODEL)] == [
            second.quarantined
        ]
        assert second.quarantined != first.quarantined
        assert holds.find_hold(session, MODEL).version == 2


def test_a_version_that_passed_once_can_be_gone_back_to_under_stricter_gates(database):
    with database.transaction() as session:
        rows.two_versions(session)
        stricter = rows.gate_report(rows.register(session, f"{MODEL} one"), verdict=Verdict.FAIL)
        object.__setattr__(stricter, "gates_digest", digest_of("stricter"))
        rows.verdicts.record_gate_report(session, stricter)

        done = roll_back(session)

    assert done.to == 1
