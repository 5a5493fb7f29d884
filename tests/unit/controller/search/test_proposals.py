"""What is tried next: the same after every restart, within its limits, and better for learning."""

import sys
from dataclasses import replace

import pytest

from controller.search.proposals import missing_sampler, propose
from registry.trial_records import TrialState
from tests.unit.controller.builders import model_spec, trial

optuna = pytest.importorskip("optuna")

RANGE = {"learning_rate": {"low": 1e-4, "high": 1e-1, "log": True}}
WIDE = RANGE | {
    "lora.r": {"low": 4, "high": 30, "step": 4},
    "num_train_epochs": {"low": 1, "high": 3, "step": 0.5},
    "lora.target_modules": {"choices": ["all-linear", ["query"]]},
}


def spec(parameters=RANGE, candidates=(), **search):
    base = {"model": "base", "candidates": list(candidates)}
    wanted = {"trials": 20, "parameters": parameters} | search
    return model_spec(base=base, training={"search": wanted}).spec


def searched(wanted, value_of, count):
    """Carry out a search whose trials are worth ``value_of``."""
    trials = []
    for number in range(1, count + 1):
        base, values = propose(wanted, trials, number)
        value = value_of(base, values)
        state = TrialState.FAILED if value is None else TrialState.SUCCEEDED
        done = replace(trial(number, state, value=value), base=base, parameters=values)
        trials.append(done)
    return trials


def rate(_base, values):
    return values["learning_rate"]


@pytest.mark.parametrize("sampler", ["tpe", "random"])
def test_a_killed_controller_proposes_the_same_again(sampler):
    wanted = spec(WIDE, sampler=sampler)

    trials = searched(wanted, rate, 8)

    again = [propose(wanted, trials, one.number) for one in trials]
    assert again == [(one.base, one.parameters) for one in trials]
    assert len({str(one.parameters) for one in trials}) == 8


@pytest.mark.parametrize("sampler", ["tpe", "random"])
def test_what_was_tried_is_not_tried_again_while_there_is_anything_else(sampler):
    choices = {"head.pooling": {"choices": ["mean", "cls"]}, "lora.r": {"choices": [4, 8, 16]}}

    trials = searched(spec(choices, sampler=sampler), lambda *_: 0.5, 7)

    tried = [str(sorted(one.parameters.items())) for one in trials]
    assert len(set(tried[:6])) == 6
    assert tried[6] in tried[:6]


def test_values_stay_in_their_limits_and_are_what_the_field_takes():
    trials = searched(spec(WIDE), rate, 12)

    for one in trials:
        assert 1e-4 <= one.parameters["learning_rate"] <= 1e-1
        assert one.parameters["lora.r"] in range(4, 30, 4)
        assert type(one.parameters["lora.r"]) is int
        assert one.parameters["num_train_epochs"] in {1, 1.5, 2, 2.5, 3}
        assert one.parameters["lora.target_modules"] in ("all-linear", ["query"])


def test_each_base_is_tried_before_any_is_preferred():
    wanted = spec(candidates=["other", "third"])

    trials = searched(wanted, lambda base, _values: float(base == "base"), 4)

    assert [one.base for one in trials][:3] == ["base", "other", "third"]


def test_tpe_learns_from_the_trials_before_also_when_some_failed():
    wanted = spec()

    def value_of(_base, values):
        return None if values["learning_rate"] > 0.03 else values["learning_rate"]

    trials = searched(wanted, value_of, 20)

    late = [one.parameters["learning_rate"] for one in trials[-8:]]
    assert sorted(late)[len(late) // 2] > 0.003  # the middle of the range, by order of size


def test_a_loss_is_made_small():
    trials = searched(spec(metric="loss"), rate, 20)

    late = [one.parameters["learning_rate"] for one in trials[-8:]]
    assert sorted(late)[len(late) // 2] < 0.003


def test_pruned_trials_are_learned_from_too():
    wanted = spec()
    before = [replace(trial(1, TrialState.PRUNED), curve=(0.1, 0.2)), trial(2, value=0.3)]

    assert propose(wanted, before, 3) == propose(wanted, before, 3)


def test_a_grid_tries_every_combination_with_every_base_once():
    parameters = {
        "lora.r": {"choices": [8, 16]},
        "weight_decay": {"low": 0, "high": 0.2, "step": 0.1},
    }
    wanted = spec(parameters, candidates=["other"], sampler="grid", trials=None)

    found = [propose(wanted, (), number) for number in range(1, 13)]

    assert len({str(one) for one in found}) == 12
    assert found[0] == ("base", {"lora.r": 8, "weight_decay": 0.0})
    assert found[-1] == ("other", {"lora.r": 16, "weight_decay": 0.2})


def test_a_search_without_optuna_is_refused_with_what_installs_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "optuna", None)

    found = missing_sampler(spec())
    of_grid = missing_sampler(spec({"lora.r": {"choices": [8]}}, sampler="grid", trials=None))

    assert found.reason == "SearchNotInstalled"
    assert "pip install 'trueup[search]'" in found.fix
    assert of_grid is None
