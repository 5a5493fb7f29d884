"""The next trial of a search, from those before it.

Nothing is kept between two proposals: each is made anew from the trials on record, with a seed of
its own number. So a controller that was killed proposes what it would have proposed. Optuna's own
storage is not used: its tables would need a migration history of their own in our database.
"""

import importlib
import importlib.util
import math
import random
from collections.abc import Mapping, Sequence
from typing import Any

from registry.records import Failure
from registry.trial_records import TrialRecord, TrialState
from specs.evaluation import LOWER_IS_BETTER
from specs.model import Spec
from specs.search import Parameter, Search, Value
from specs.searching import bases, metric_of, points, takes_whole_numbers_only

SIGNIFICANT_DIGITS = 4
STARTUP_TRIALS = 5
"""Trials at random before tpe has anything to learn from; optuna's own 10 suit longer searches."""
ASKED_AGAIN = 40
"""How often a sampler is asked for something that was not tried; then nothing may be left."""
BASE = "base"
OPTUNA = "optuna"

Proposal = tuple[str, dict[str, Value]]
"""A base, and a value for each searched field."""


def missing_sampler(spec: Spec) -> Failure | None:
    """Why nothing can be proposed here: the search needs optuna, and it is not installed."""
    search = spec.training.search
    if search is None or _is_listed(search) or importlib.util.find_spec(OPTUNA) is not None:
        return None
    problem = f"training.search with sampler {search.sampler} needs optuna, which is not installed"
    return Failure(
        "SearchNotInstalled", problem, "pip install 'trueup[search]', or use sampler: grid"
    )


def propose(spec: Spec, before: Sequence[TrialRecord], number: int) -> Proposal:
    """Base and values of trial ``number`` (from 1), after the trials ``before`` have ended."""
    search = spec.training.search
    if search is None or _is_listed(search):
        return points(spec)[number - 1]
    return _ask(spec, search, [trial for trial in before if trial.number < number], number)


def _is_listed(search: Search) -> bool:
    return search.sampler == "grid" or not search.parameters


def _ask(spec: Spec, search: Search, before: Sequence[TrialRecord], number: int) -> Proposal:
    optuna = importlib.import_module(OPTUNA)
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    seed = random.Random(f"{spec.training.seed} {number}").getrandbits(32)  # noqa: S311  (no secret)
    if search.sampler == "random":
        sampler = optuna.samplers.RandomSampler(seed=seed)
    else:
        sampler = optuna.samplers.TPESampler(seed=seed, n_startup_trials=STARTUP_TRIALS)
    direction = "minimize" if metric_of(spec) in LOWER_IS_BETTER else "maximize"
    study = optuna.create_study(direction=direction, sampler=sampler)
    space = _space(optuna, spec, search)
    for trial in before:
        study.add_trial(_past(optuna, space, spec, trial))
    choices = bases(spec)
    tried = [(trial.base, dict(trial.parameters)) for trial in before]
    asked_again = 0
    while True:
        if number <= len(choices):
            study.enqueue_trial({BASE: number - 1})  # each base once before any is preferred
        asked = study.ask(space).params
        values = {name: _value(name, one, asked[name]) for name, one in search.parameters.items()}
        proposal = choices[asked[BASE]], values
        if proposal not in tried or asked_again == ASKED_AGAIN:
            return proposal
        asked_again += 1


def _space(optuna: Any, spec: Spec, search: Search) -> dict[str, Any]:
    made = optuna.distributions
    space = {
        name: _distribution(made, name, parameter) for name, parameter in search.parameters.items()
    }
    # By position: optuna takes no lists as choices, and a position stays what it is in JSON.
    return space | {BASE: made.CategoricalDistribution(range(len(bases(spec))))}


def _distribution(made: Any, name: str, parameter: Parameter) -> Any:
    if parameter.choices is not None:
        return made.CategoricalDistribution(range(len(parameter.choices)))
    low, high, step = parameter.low, parameter.high, parameter.step
    if takes_whole_numbers_only(name):
        return made.IntDistribution(low, _last(parameter), log=parameter.log, step=step or 1)
    end = high if step is None else _last(parameter)
    return made.FloatDistribution(low, end, log=parameter.log, step=step)


def _last(parameter: Parameter) -> float:
    """The largest value that a step reaches; optuna warns about a range that ends between two."""
    low, high, step = parameter.low, parameter.high, parameter.step
    assert low is not None
    assert high is not None
    if step is None:
        return high
    reached = low + math.floor((high - low) / step + 1e-9) * step
    return reached if isinstance(reached, int) else round(reached, 12)


def _value(name: str, parameter: Parameter, asked: float) -> Value:
    if parameter.choices is not None:
        return parameter.choices[int(asked)]
    if takes_whole_numbers_only(name):
        return int(asked)
    assert parameter.low is not None
    assert parameter.high is not None
    if parameter.step is not None:
        return round(float(asked), 12)
    plain = float(f"{asked:.{SIGNIFICANT_DIGITS}g}")  # what a person can read and write again
    return min(max(plain, float(parameter.low)), float(parameter.high))


def _past(optuna: Any, space: Mapping[str, Any], spec: Spec, trial: TrialRecord) -> Any:
    assert spec.training.search is not None
    params: dict[str, Any] = {BASE: bases(spec).index(trial.base)}
    for name, parameter in spec.training.search.parameters.items():
        value, choices = trial.parameters[name], parameter.choices
        params[name] = value if choices is None else choices.index(value)
    states = optuna.trial.TrialState
    came: dict[str, Any] = {"state": states.FAIL}
    if trial.state is TrialState.SUCCEEDED:
        came = {"state": states.COMPLETE, "value": trial.value}
    elif trial.state is TrialState.PRUNED:
        curve = dict(enumerate(trial.curve, start=1))
        came = {"state": states.PRUNED, "intermediate_values": curve}
    return optuna.trial.create_trial(params=params, distributions=dict(space), **came)
