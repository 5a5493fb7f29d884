"""The learning rate of a spec that names none."""

import pytest

from specs.training import Training, learning_rate_of


@pytest.mark.parametrize(
    ("training", "task", "expected"),
    [
        ({"method": "lora"}, "text-classification", 2e-3),
        ({"method": "full"}, "text-classification", 1e-3),
        ({"method": "lora"}, "causal-lm", 1e-3),
        ({"method": "lora", "arguments": {"learning_rate": 3e-4}}, "text-classification", 3e-4),
    ],
)
def test_it_suits_task_and_method_unless_it_is_declared(training, task, expected):
    assert learning_rate_of(Training.model_validate(training), task=task) == expected
