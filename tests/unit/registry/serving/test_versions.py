"""The watching thread's decisions, one look at a time, over a registry that can fail."""

import threading
import time

import pytest
from prometheus_client import generate_latest

from registry.errors import BaseModelError, StoreError
from registry.serving.lookup import Declared
from registry.serving.metrics import Metrics
from registry.serving.router import Served
from registry.serving.versions import Versions
from specs.serving import Serving


class FakeLookup:
    def __init__(self) -> None:
        self.live_versions: dict[str, int] = {}
        self.previous_versions: dict[str, int] = {}
        self.is_away = False
        self.reads_of_models = 0
        self.failures: list[tuple[str, int, str]] = []

    def live(self):
        if self.is_away:
            raise StoreError("it is away")
        return dict(self.live_versions)

    def previous(self, model):
        return self.previous_versions.get(model)

    def declared(self):
        self.reads_of_models += 1
        return {name: Declared(name, Serving(), "") for name in ("intents", "mail")}

    def version(self, model, number):
        return (model, number)

    def record_load_failure(self, model, number, message):
        self.failures.append((model, number, message))

    def move(self, model, to):
        if model in self.live_versions:
            self.previous_versions[model] = self.live_versions[model]
        self.live_versions[model] = to


class FakeLoader:
    def __init__(self) -> None:
        self.broken: set[tuple[str, int]] = set()
        self.loads: list[tuple[str, int]] = []
        self.forgotten: list[tuple[str, int]] = []
        self.slow: dict[str, threading.Event] = {}

    def load(self, version):
        self.loads.append(version)
        if version[0] in self.slow:
            self.slow[version[0]].wait(5)
        if version in self.broken:
            raise BaseModelError("tiny", "is not here", fix="install it")
        return Served(*version, loaded=object())

    def forget(self, model, number):
        self.forgotten.append((model, number))

    def sweep(self, keep):
        self.kept = keep


@pytest.fixture
def lookup():
    return FakeLookup()


@pytest.fixture
def loader():
    return FakeLoader()


@pytest.fixture
def metrics():
    return Metrics()


@pytest.fixture
def versions(lookup, loader, metrics):
    made = Versions(lookup, loader, metrics)
    yield made
    made._loads.shutdown()


def settle(versions, holds) -> None:
    end = time.monotonic() + 5
    while not holds():
        assert time.monotonic() < end
        versions.tick()
        time.sleep(0.001)


def answers(versions, model="intents"):
    live = versions.table[model].live
    return None if live is None else live.number


def go_live(versions, lookup, number, model="intents"):
    lookup.move(model, number)
    settle(versions, lambda: model in versions.table and answers(versions, model) == number)


def test_a_rollback_to_previous_is_answered_by_the_next_look(versions, lookup, loader):
    go_live(versions, lookup, 1)
    go_live(versions, lookup, 2)
    loads = list(loader.loads)

    lookup.move("intents", 1)
    versions.tick()

    assert answers(versions) == 1
    assert loader.loads == loads


def test_one_models_slow_load_does_not_delay_anothers_rollback(versions, lookup, loader):
    go_live(versions, lookup, 1)
    go_live(versions, lookup, 2)
    loader.slow["mail"] = threading.Event()
    lookup.move("mail", 1)
    versions.tick()

    lookup.move("intents", 1)
    versions.tick()

    assert answers(versions) == 1
    assert answers(versions, "mail") is None
    loader.slow["mail"].set()


def test_an_older_version_is_freed_with_its_files_and_its_series(versions, lookup, loader, metrics):
    metrics.count_request("intents", 1, "ok")
    for number in (1, 2, 3):
        go_live(versions, lookup, number)

    settle(versions, lambda: ("intents", 1) in loader.forgotten)

    assert [served.number for served in versions.table["intents"].warm] == [2, 3]
    assert 'version="1"' not in generate_latest(metrics.collectors).decode()


def test_after_a_restart_the_previous_version_is_warmed_too(versions, lookup):
    lookup.live_versions["intents"] = 5
    lookup.previous_versions["intents"] = 4

    settle(versions, lambda: versions.table and len(versions.table["intents"].warm) == 2)

    assert answers(versions) == 5


def test_a_failed_load_is_recorded_once_with_its_fix(versions, lookup, loader, monkeypatch):
    monkeypatch.setattr("registry.serving.rollout.FIRST_PAUSE_SECONDS", 0.0)
    go_live(versions, lookup, 1)
    loader.broken.add(("intents", 2))

    lookup.move("intents", 2)
    settle(versions, lambda: loader.loads.count(("intents", 2)) >= 3)

    assert lookup.failures == [("intents", 2, "base model 'tiny': is not here (install it)")]
    assert answers(versions) == 1
    assert versions.unready() is None


def test_a_version_that_loads_at_last_takes_over(versions, lookup, loader, monkeypatch):
    monkeypatch.setattr("registry.serving.rollout.FIRST_PAUSE_SECONDS", 0.0)
    loader.broken.add(("intents", 1))
    lookup.move("intents", 1)
    settle(versions, lambda: lookup.failures)
    waiting = versions.table["intents"].waiting_for

    loader.broken.clear()
    settle(versions, lambda: answers(versions) == 1)

    assert "version 1 to load (failed" in waiting
    assert versions.table["intents"].waiting_for != waiting


def test_a_lost_registry_changes_nothing_and_is_counted(versions, lookup, metrics):
    go_live(versions, lookup, 1)

    lookup.is_away = True
    versions.tick()

    assert answers(versions) == 1
    assert versions.unready() is None
    counted = generate_latest(metrics.collectors).decode()
    assert "trueup_registry_poll_failures_total 1.0" in counted


def test_not_ready_before_the_registry_was_read(versions, lookup):
    before = versions.unready()
    lookup.is_away = True
    versions.tick()

    assert before
    assert versions.unready() == "the registry cannot be read"


def test_not_ready_while_a_first_version_loads(versions, lookup, loader):
    loader.slow["intents"] = threading.Event()
    lookup.move("intents", 1)

    versions.tick()
    while_loading = versions.unready()
    loader.slow["intents"].set()
    settle(versions, lambda: answers(versions) == 1)

    assert while_loading == "loading intents@1"
    assert versions.unready() is None


def test_a_model_whose_live_alias_is_gone_stops_answering(versions, lookup, loader, metrics):
    go_live(versions, lookup, 1)

    del lookup.live_versions["intents"]
    versions.tick()

    assert answers(versions) is None
    assert loader.forgotten == [("intents", 1)]
    assert "trueup_live_version{" not in generate_latest(metrics.collectors).decode()


def test_files_of_an_earlier_process_are_kept_when_they_are_wanted(versions, lookup, loader):
    lookup.live_versions["intents"] = 5
    lookup.previous_versions["intents"] = 4

    versions.tick()

    assert loader.kept == {("intents", 5), ("intents", 4)}


def test_the_models_are_not_read_at_every_look_also_when_one_is_retired(versions, lookup):
    go_live(versions, lookup, 1, model="retired")
    before = lookup.reads_of_models

    for _ in range(20):
        versions.tick()

    assert lookup.reads_of_models - before <= 1
