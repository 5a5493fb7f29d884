"""Several writers at once, on every database: processes as in an installation, and threads."""

import multiprocessing
import queue
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from registry.errors import ConflictError, StoreError
from registry.store import aliases, events, models, versions
from registry.store.database import Database
from tests.contract import rows
from tests.contract.rows import MODEL, NOW

THREADS = 8
WRITES_PER_THREAD = 25


def move_when_told(url, target, start, outcomes):
    database = Database.open(url)
    start.wait()
    try:
        with database.transaction() as session:
            aliases.move_alias(
                session, MODEL, "champion", to=target, expected=1, by="p", reason="r", now=NOW
            )
    except ConflictError:
        outcomes.put(None)
    else:
        outcomes.put(target)
    finally:
        database.close()


def open_when_told(url, start, outcomes):
    start.wait()
    try:
        Database.open(url).close()
    except StoreError as error:
        outcomes.put(str(error))
    else:
        outcomes.put(None)


def in_processes(target, *arguments_of_each):
    context = multiprocessing.get_context("spawn")
    start, outcomes = context.Event(), context.Queue()
    processes = [
        context.Process(target=target, args=(*arguments, start, outcomes))
        for arguments in arguments_of_each
    ]
    for process in processes:
        process.start()
    start.set()
    found = [outcomes.get(timeout=60) for _ in processes]
    for process in processes:
        process.join(timeout=60)
    outcomes.close()
    outcomes.join_thread()
    return found


def test_two_processes_that_move_one_alias_have_one_winner(url, database):
    with database.transaction() as session:
        rows.declare(session)
        for of in ("a", "b", "c"):
            rows.register(session, of)
        aliases.move_alias(
            session, MODEL, "champion", to=1, expected=None, by="p", reason="r", now=NOW
        )

    outcomes = in_processes(move_when_told, (url, 2), (url, 3))

    winners = [target for target in outcomes if target is not None]
    assert len(winners) == 1
    with database.reading() as session:
        history = aliases.alias_history(session, MODEL, "champion")
        assert [one.version for one in history] == [1, winners[0]]


def test_processes_that_open_a_new_database_at_once_all_succeed(url):
    outcomes = in_processes(open_when_told, *[(url,)] * 3)

    assert outcomes == [None] * 3


def test_threads_that_write_at_once_all_succeed(database):
    with database.transaction() as session:
        rows.declare(session)

    def write(thread):
        for number in range(WRITES_PER_THREAD):
            with database.transaction() as session:
                events.record_event(
                    session, kind="Told", message=f"{thread} {number}", model=MODEL, now=NOW
                )

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(write, range(THREADS)))

    with database.reading() as session:
        assert len(events.list_events(session, limit=1000)) == THREADS * WRITES_PER_THREAD


def test_two_database_objects_that_write_at_once_all_succeed(url, database):
    other = Database.open(url)
    with database.transaction() as session:
        rows.declare(session)

    def write(number):
        with (database if number % 2 else other).transaction() as session:
            events.record_event(session, kind="Told", message="x", model=MODEL, now=NOW)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(80)))
    other.close()

    with database.reading() as session:
        assert len(events.list_events(session, limit=1000)) == 80


def test_versions_that_are_registered_at_once_have_different_numbers(database):
    with database.transaction() as session:
        rows.declare(session)

    def register(number):
        with database.transaction() as session:
            return rows.register(session, f"weights {number % 6}").number

    with ThreadPoolExecutor(6) as pool:
        numbers = list(pool.map(register, range(12)))

    assert sorted(numbers) == sorted([1, 2, 3, 4, 5, 6] * 2)
    with database.reading() as session:
        assert len(versions.list_versions(session, MODEL)) == 6


def test_a_reader_of_events_misses_none_that_are_written_at_once(database):
    seen = queue.Queue()
    done = threading.Event()

    def follow():
        after = 0
        while True:
            is_last = done.is_set()
            with database.reading() as session:
                found = events.list_events(session, after=after, limit=1000)
            for event in found:
                seen.put(event.message)
                after = event.id
            if is_last:
                return
            time.sleep(0.001)

    def write(number):
        with database.transaction() as session:
            events.record_event(session, kind="Told", message=str(number), now=NOW)
            time.sleep(0.002 * (number % 3))  # transactions of different lengths

    reader = threading.Thread(target=follow)
    reader.start()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(60)))
    done.set()
    reader.join()

    assert sorted(seen.queue, key=int) == [str(number) for number in range(60)]


def test_a_reader_does_not_wait_for_a_writer(database):
    with database.transaction() as session:
        rows.declare(session)

    with database.transaction() as writer:
        models.set_waiting_for(writer, MODEL, "not visible yet")
        with database.reading() as reader:
            found = models.get_model(reader, MODEL).waiting_for

    assert found == ""


@pytest.mark.parametrize("broken", ["nonsense", "sqlite://"])
def test_a_database_that_cannot_be_shared_is_refused(broken):
    with pytest.raises(StoreError):
        Database.open(broken)
