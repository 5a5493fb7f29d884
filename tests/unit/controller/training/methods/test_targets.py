"""Which blocks of a base get adapters."""

import pytest

from controller.training.methods.targets import adapted_blocks
from specs.training import Lora

SIX_BLOCKS = [f"encoder.layer.{n}.attention.self.query" for n in range(6)]


@pytest.mark.parametrize(
    ("wanted", "task", "blocks"),
    [
        ("auto", "text-classification", [3, 4, 5]),
        ("auto", "causal-lm", None),
        ("all", "text-classification", None),
        ([0, 5], "text-classification", [0, 5]),
    ],
    ids=["the upper half", "all of a decoder", "all", "those that are named"],
)
def test_blocks_follow_from_the_spec_and_the_task(wanted, task, blocks):
    lora = Lora(layers_to_transform=wanted)

    assert adapted_blocks(SIX_BLOCKS, lora, task=task) == blocks


def test_a_base_without_numbered_blocks_is_adapted_everywhere():
    assert adapted_blocks(["query", "value"], Lora(), task="text-classification") is None
