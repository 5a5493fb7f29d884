"""What a base's files say without a weight being loaded."""

import pytest

from controller.costs.base_facts import read_base
from controller.costs.trained import trained_parameters
from controller.errors import TrainingError
from specs.training import Training
from tests.unit.controller.costs.builders import write_base


def test_shapes_and_sizes_are_read_from_all_headers(tmp_path):
    write_base(tmp_path)

    base = read_base(tmp_path)

    assert (base.parameters, base.stored_bytes) == (240 + 64 + 8 + 32, 4 * 312 + 2 * 32)
    assert [layer.name for layer in base.layers] == ["layer.0.query", "layer.0.value"]
    assert (base.depth, base.hidden, base.vocabulary) == (1, 8, 30)


@pytest.mark.parametrize(
    ("training", "parameters"),
    [
        ({"method": "full"}, 344 + 27),
        ({"method": "lora", "lora": {"r": 2, "target_modules": ["query"]}}, 2 * 16 + 27),
        ({"method": "lora", "lora": {"r": 2}}, 2 * (16 + 12) + 27),
        ({"method": "linear-probe"}, 0),
    ],
    ids=["full", "one module", "query and value", "linear probe"],
)
def test_trained_parameters_follow_from_the_shapes(tmp_path, training, parameters):
    write_base(tmp_path)

    found = trained_parameters(
        Training.model_validate(training), read_base(tmp_path), labels=3, task="causal-lm"
    )

    assert found == parameters


@pytest.mark.parametrize("content", [b"", b"\xff" * 40], ids=["empty", "no header"])
def test_a_file_that_is_not_whole_is_refused(tmp_path, content):
    write_base(tmp_path)
    (tmp_path / "model-00002-of-00002.safetensors").write_bytes(content)

    with pytest.raises(TrainingError, match="not a whole safetensors file"):
        read_base(tmp_path)
