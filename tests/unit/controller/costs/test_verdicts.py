"""Memory that does not suffice is said before training, with what would."""

from dataclasses import replace

import pytest

from controller.costs.estimates import estimate
from controller.costs.remedies import remedies
from controller.costs.verdicts import Limits, judge
from controller.errors import TrainingError
from tests.unit.controller.costs.builders import LENGTHS, RATES, run, training

NEEDS = estimate(run(training()), RATES).figures["peak_memory_bytes"]
ROOMY = Limits(
    memory_bytes=2**36,
    memory_basis="the machine's memory",
    free_bytes=2**35,
    timeout_minutes=120,
    processes=1,
)


def judged(**limits):
    return judge(run(training()), RATES, LENGTHS, replace(ROOMY, **limits))


def test_a_run_that_fits_is_not_talked_about():
    assert judged() == []


def test_memory_that_cannot_suffice_is_refused_with_what_would():
    with pytest.raises(TrainingError) as caught:
        judged(memory_bytes=round(0.8 * NEEDS.low), memory_basis="compute.memory_gib")

    assert caught.value.reason == "MemoryInsufficient"
    assert "compute.memory_gib" in caught.value.problem
    assert "per_device_train_batch_size: 8 with gradient_accumulation_steps: 4" in caught.value.fix


def test_memory_that_may_not_suffice_is_warned_of():
    [warning] = judged(memory_bytes=round(NEEDS.value))

    assert "may not suffice" in warning
    assert "per_device_train_batch_size" in warning


def test_memory_that_others_use_now_is_warned_of_and_never_refused():
    [warning] = judged(free_bytes=round(0.5 * NEEDS.value))

    assert "free now" in warning


def test_a_time_limit_that_may_be_passed_is_warned_of():
    [warning] = judged(timeout_minutes=0.1)

    assert "compute.timeout_minutes" in warning


def test_a_base_that_never_fits_asks_for_another_machine():
    with pytest.raises(TrainingError) as caught:
        judged(memory_bytes=10**7)

    assert "more memory" in caught.value.fix


def test_a_bound_that_the_spec_declares_is_what_can_be_raised():
    with pytest.raises(TrainingError) as caught:
        judged(memory_bytes=10**7, memory_basis="compute.memory_gib")

    assert "raise compute.memory_gib" in caught.value.fix


@pytest.mark.parametrize("share", [0.7, 0.8, 0.95])
@pytest.mark.parametrize("method", ["lora", "full"])
def test_every_remedy_suffices(method, share):
    wanted, limit = run(training(method, per_device_train_batch_size=64)), share * NEEDS.value

    found = remedies(wanted, RATES, LENGTHS, limit=limit, processes=1)

    assert found
    assert all(one.peak_memory_bytes <= limit for one in found)
