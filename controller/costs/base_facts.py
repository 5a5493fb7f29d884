"""What a base is, read from its files without loading a weight: shapes, types and the config."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from controller.errors import TrainingError

HEADER_LENGTH_BYTES = 8
BYTES_OF = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2, "I64": 8, "I32": 4, "I8": 1, "U8": 1}
EMBEDDINGS = ("embed", "wte", "wpe")
"""Parts of the names of tables that are looked up, not multiplied with."""


@dataclass(frozen=True)
class Layer:
    """One weight matrix that rows are multiplied with."""

    name: str
    """Dotted, without ``.weight``."""
    shape: tuple[int, int]

    @property
    def parameters(self) -> int:
        """How many numbers it holds."""
        return math.prod(self.shape)


@dataclass(frozen=True)
class BaseFacts:
    """A base in numbers."""

    parameters: int
    stored_bytes: int
    layers: Sequence[Layer]
    depth: int
    hidden: int
    vocabulary: int

    @property
    def multiplied(self) -> int:
        """Parameters of the weight matrices."""
        return sum(layer.parameters for layer in self.layers)


def read_base(folder: Path) -> BaseFacts:
    """Read the config and the headers of the safetensors files in ``folder``.

    Raises:
        TrainingError: When the folder has no safetensors files, or they are not whole.
    """
    config = json.loads((folder / "config.json").read_text())
    shapes = _shapes(folder)
    layers = [
        Layer(name.removesuffix(".weight"), (shape[0], shape[1]))
        for name, (_, shape) in sorted(shapes.items())
        if len(shape) == 2 and not any(part in name.lower() for part in EMBEDDINGS)  # noqa: PLR2004
    ]
    return BaseFacts(
        parameters=sum(math.prod(shape) for _, shape in shapes.values()),
        stored_bytes=sum(
            BYTES_OF.get(kind, 4) * math.prod(shape) for kind, shape in shapes.values()
        ),
        layers=layers,
        depth=_number(config, "num_hidden_layers", "n_layer", "n_layers"),
        hidden=_number(config, "hidden_size", "n_embd", "dim", "d_model"),
        vocabulary=_number(config, "vocab_size"),
    )


def _shapes(folder: Path) -> dict[str, tuple[str, list[int]]]:
    files = sorted(folder.glob("*.safetensors"))
    if not files:
        fix = "save the base once with transformers' save_pretrained; that writes safetensors"
        problem = f"{folder.name} has no safetensors files"
        raise TrainingError(problem, reason="BaseModelUnfit", fix=fix)
    found: dict[str, tuple[str, list[int]]] = {}
    for file in files:
        found |= _header(file)
    return found


def _header(file: Path) -> dict[str, tuple[str, list[int]]]:
    with file.open("rb") as content:
        try:
            length = int.from_bytes(content.read(HEADER_LENGTH_BYTES), "little")
            header = json.loads(content.read(min(length, file.stat().st_size)))
        except ValueError as error:
            problem = f"{file.name} of the base is not a whole safetensors file: {error}"
            fix = "fetch the base again"
            raise TrainingError(problem, reason="BaseModelUnfit", fix=fix) from error
    return {
        name: (entry["dtype"], entry["shape"])
        for name, entry in header.items()
        if name != "__metadata__"
    }


def _number(config: Mapping[str, Any], *names: str) -> int:
    """The first of ``names`` that the config has, also in its part on text; else 0."""
    parts = (config, config.get("text_config") or {})
    found = (part[name] for part in parts for name in names if part.get(name))
    return int(next(found, 0))
