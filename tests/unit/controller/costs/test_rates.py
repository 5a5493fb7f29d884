"""A plan learns from what earlier runs took."""

from dataclasses import asdict, replace

import pytest

from controller.costs.estimates import (
    estimate,
    shared_weights_bytes,
    typical_bytes_per_token,
    weights_bytes,
)
from controller.costs.rates import Past, learn, recipe_key
from controller.costs.workload import Lengths
from tests.unit.controller.costs.builders import BASE, LENGTHS, RATES, run, training

KEY = "sha256:recipe"
TOOK = {"cpu_seconds": 50.0, "fit_cpu_seconds": 38.0, "peak_memory_bytes": 9e8}


def version(**changes):
    """What a version keeps of its training."""
    planned = {"key": KEY, "rates": asdict(RATES)} | estimate(run(training()), RATES).as_json()
    return TOOK | {"run_seconds": 70.0, "planned": planned} | changes


def past(**changes):
    return Past.of(version(**changes), artifact_bytes=2_000_000)


def test_the_same_run_again_is_planned_as_it_went():
    wanted = run(training())
    rates = learn([past()], key=KEY, flops=estimate(wanted, RATES).flops)

    figures = estimate(wanted, rates).figures

    assert figures["cpu_seconds"].value == pytest.approx(50.0)
    assert figures["seconds"].value == pytest.approx(70.0)
    assert figures["peak_memory_bytes"].value == pytest.approx(9e8)
    assert figures["artifact_bytes"].value == pytest.approx(2e6)
    assert figures["cpu_seconds"].basis == "1 earlier run on this machine"


def test_twice_the_epochs_cost_twice_the_fit_and_start_once():
    once, twice = run(training()), run(training(num_train_epochs=2))
    rates = learn([past()], key=KEY, flops=estimate(once, RATES).flops)

    more = estimate(twice, rates)

    assert more.fit_cpu_seconds == pytest.approx(2 * 38.0, rel=0.02)
    assert more.figures["cpu_seconds"].value < 2 * 50.0


def test_one_run_that_was_disturbed_does_not_decide():
    runs = [past(), past(run_seconds=700.0), past()]

    rates = learn(runs, key=KEY, flops=estimate(run(training()), RATES).flops)

    assert rates.wall_ratio == pytest.approx(1.4)
    assert rates.spread > 1, "but that it happens is said"


@pytest.mark.parametrize(
    ("runs", "key", "lengths"),
    [
        ([], KEY, LENGTHS),
        ([past()], "sha256:other", LENGTHS),
        ([past()], KEY, Lengths([20] * 50_000, [], 0)),
    ],
    ids=["no runs", "another recipe", "much more work"],
)
def test_what_is_no_evidence_is_not_learnt_from(runs, key, lengths):
    work = estimate(run(training(), lengths), RATES).flops

    assert learn(runs, key=key, flops=work) is None


@pytest.mark.parametrize("lost", ["planned", "cpu_seconds", "peak_memory_bytes"])
def test_a_version_that_does_not_say_enough_is_passed_over(lost):
    assert past(**{lost: None}) is None


def test_a_recipe_is_what_costs_and_not_what_is_counted():
    def key(wanted, machine="one"):
        return recipe_key(wanted, base="sha256:base", machine=machine, processes=1)

    assert key(training()) == key(training(num_train_epochs=3, max_length=32, learning_rate=0.1))
    assert len({key(training()), key(training("full")), key(training(optim="sgd"))}) == 3
    assert key(training()) != key(training(), machine="another")


def test_a_run_in_shares_is_another_recipe():
    known = {"base": "sha256:base", "machine": "one", "processes": 2}

    keys = {recipe_key(training(), **known, strategy=strategy) for strategy in ("ddp", "fsdp")}

    assert len(keys) == 2


def test_shares_leave_room_until_the_first_process_has_to_gather():
    frozen, adam = run(training()), replace(run(training("full")), trained_parameters=22_000_000)
    plain = replace(adam, training=training("full", optim="sgd"))

    assert weights_bytes(adam) == 22e6 * 16
    assert shared_weights_bytes(adam, 4) == 22e6 * (12 / 4 + 8), "Adam's state, for a checkpoint"
    assert shared_weights_bytes(plain, 4) == 22e6 * (4 + 1), "the base, when it is loaded"
    assert shared_weights_bytes(frozen, 4) == 22e6 * (4 + 1)


def test_what_a_token_typically_takes_follows_the_size_of_the_base():
    minilm = run(training())
    toy = replace(minilm, base=replace(BASE, depth=3, hidden=128, vocabulary=2048))
    generative = replace(toy, is_causal=True)
    checkpointed = replace(minilm, training=training(activation_checkpointing=True))

    kept = typical_bytes_per_token(minilm)

    assert kept == pytest.approx(3e5, rel=0.01)
    assert typical_bytes_per_token(toy) == pytest.approx(kept / 6)
    assert typical_bytes_per_token(generative) == pytest.approx(kept / 6 + 20 * 2048)
    assert typical_bytes_per_token(checkpointed) < kept / 2
