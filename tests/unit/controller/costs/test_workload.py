"""What is counted is what the trainer then does."""

import random

import pytest
import torch

from controller.costs.workload import Lengths, count, grouped_batches, total
from tests.unit.controller.costs.builders import LENGTHS, training


@pytest.mark.parametrize(
    ("arguments", "processes", "steps"),
    [
        ({"num_train_epochs": 2, "per_device_train_batch_size": 32}, 1, 64),
        ({"per_device_train_batch_size": 32, "gradient_accumulation_steps": 3}, 1, 11),
        ({"per_device_train_batch_size": 16}, 2, 63),
        ({"num_train_epochs": 5, "max_steps": 7}, 1, 7),
    ],
    ids=["two epochs", "accumulated", "two processes", "max_steps over epochs"],
)
def test_steps_are_counted_as_the_trainer_counts_them(arguments, processes, steps):
    work = count(LENGTHS, training(**arguments), processes=processes)

    assert work.steps == steps


def test_padding_is_that_of_the_trainers_own_order():
    from controller.training.fitting.trainer import LengthGroupedOrder

    draw = random.Random(3)
    lengths = [min(64, int(draw.lognormvariate(2.7, 0.5)) + 3) for _ in range(3000)]
    torch.manual_seed(0)
    order = [lengths[row] for row in LengthGroupedOrder(lengths, 32, 17)]
    padded = sum(
        len(order[at : at + 32]) * max(order[at : at + 32]) for at in range(0, len(order), 32)
    )

    counted = total(grouped_batches(lengths, training().arguments, seed=17)).count

    assert counted == pytest.approx(padded, rel=0.02)
    assert counted < 1.25 * sum(lengths)


def test_a_linear_probe_steps_nothing_and_passes_every_row():
    work = count(LENGTHS, training("linear-probe"))

    assert (work.steps, work.trained.count) == (0, 0)
    assert work.passed.count >= sum(LENGTHS.train) + 2 * sum(LENGTHS.validation)


def test_the_widest_batch_is_the_one_that_has_to_fit():
    work = count(Lengths([4] * 90 + [60] * 8, [], 0), training(per_device_train_batch_size=8))

    assert (work.widest.rows, work.widest.width) == (8, 60)


def test_processes_share_a_step_and_leave_the_number_of_steps():
    alone = count(LENGTHS, training(per_device_train_batch_size=16))
    shared = count(LENGTHS, training(per_device_train_batch_size=16), processes=2)

    assert (shared.steps, shared.batches) == (alone.steps, alone.batches)
    assert (alone.widest.rows, shared.widest.rows) == (16, 8)
    assert shared.trained.count <= alone.trained.count
