"""Values for tests of what a training costs."""

from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save_file

from controller.costs.base_facts import BaseFacts, Layer
from controller.costs.estimates import Run
from controller.costs.rates import Rates
from controller.costs.workload import Lengths, count
from specs.training import Training

LENGTHS = Lengths(train=[5 + number % 40 for number in range(1000)], validation=[12] * 100, cut=3)
BASE = BaseFacts(
    parameters=22_000_000,
    stored_bytes=88_000_000,
    layers=[Layer(f"layer.{at}.query", (384, 384)) for at in range(72)],
    depth=6,
    hidden=384,
    vocabulary=30_000,
)
RATES = Rates(
    start_cpu_seconds=6.0,
    forward_flops=5e10,
    training_flops=4e10,
    step_cpu_seconds=0.02,
    wall_ratio=1.5,
    fixed_bytes=5e8,
    bytes_per_token=4e5,
    artifact_bytes=1e6,
    spread=0.4,
    memory_spread=0.15,
    basis="calibrated on this machine",
)


def training(method: str = "lora", **arguments: Any) -> Training:
    """A recipe, of one epoch where nothing else is said."""
    arguments = {"num_train_epochs": 1} | arguments
    return Training.model_validate({"method": method, "arguments": arguments})


def run(wanted: Training, lengths: Lengths = LENGTHS) -> Run:
    """A run of ``wanted`` over rows of these lengths."""
    return Run(
        wanted, BASE, count(lengths, wanted), 150_000, is_causal=False, shipped_bytes=700_000
    )


def write_base(folder: Path) -> None:
    """A base in two files, small, with everything that its headers say."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(
        '{"num_hidden_layers": 1, "hidden_size": 8, "vocab_size": 30}'
    )
    first = {
        "embeddings.word_embeddings.weight": np.zeros((30, 8), np.float32),
        "layer.0.query.weight": np.zeros((8, 8), np.float32),
        "layer.0.query.bias": np.zeros(8, np.float32),
    }
    save_file(first, folder / "model-00001-of-00002.safetensors")
    second = {"layer.0.value.weight": np.zeros((4, 8), np.float16)}
    save_file(second, folder / "model-00002-of-00002.safetensors")
