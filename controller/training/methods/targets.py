"""Which modules of a base an adapter is put on: the spec's names, held against the base's own.

Pure: plans ask it before torch is loaded.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from controller.errors import TrainingError
from specs.training import Lora

QUERY_AND_VALUE = (
    ("query", "value"),
    ("q_proj", "v_proj"),
    ("q_lin", "v_lin"),
    ("query_proj", "value_proj"),
    ("q", "v"),
    ("Wqkv",),
    ("query_key_value",),
    ("qkv_proj",),
)
"""What the query and value projections are called, over the architectures."""

CAUSAL = "causal-lm"
OUTPUT_LAYERS = ("lm_head", "embed_out", "score", "classifier")
_BLOCK = re.compile(r"(?:^|\.)(\d+)\.")


@dataclass(frozen=True)
class BaseNames:
    """The dotted names of a base's modules."""

    linear: Sequence[str]
    """What an adapter can be put on."""
    modules: Sequence[str]
    """All."""
    quantized: frozenset[str] = frozenset()


def target_modules(layers: Iterable[str], wanted: list[str] | str) -> list[str]:
    """Names to adapt, out of the dotted names of the model's linear ``layers``.

    ``auto`` is query and value, or everything where no such layer is known; ``all-linear`` is
    everything but the output layer. Names in a list must each end the name of some layer.

    Raises:
        TrainingError: When a name is no layer's; the nearest names are listed.
    """
    layers = list(layers)
    endings = {name.rpartition(".")[2] for name in layers}
    everything = sorted(endings - set(OUTPUT_LAYERS))
    if wanted == "auto":
        known = (list(pair) for pair in QUERY_AND_VALUE if set(pair) <= endings)
        return next(known, everything)
    if isinstance(wanted, str):
        return everything
    also = "`auto` and `all-linear` always fit"
    _need_all(wanted, layers, field="target_modules", kind="linear layer", also=also)
    return sorted(set(wanted))


def adapted_blocks(linear: Sequence[str], lora: Lora, *, task: str) -> list[int] | None:
    """Numbers of the blocks that get adapters; None stands for all, numbered or not."""
    wanted = lora.layers_to_transform
    if isinstance(wanted, list):
        return wanted
    numbers = sorted({int(found[1]) for name in linear for found in _blocks(name)})
    if wanted == "all" or task == CAUSAL or len(numbers) < 2:  # noqa: PLR2004  (no half of one)
        return None
    return numbers[len(numbers) // 2 :]


def adapted_names(linear: Sequence[str], lora: Lora, *, task: str) -> list[str]:
    """The layers out of ``linear`` that get an adapter.

    Raises:
        TrainingError: When ``target_modules`` names a layer that is not there.
    """
    targets = target_modules(linear, lora.target_modules)
    wanted = adapted_blocks(linear, lora, task=task)
    return [
        name
        for name in linear
        if _ends(name, targets)
        and not _ends(name, lora.exclude_modules)
        and (wanted is None or any(int(found[1]) in wanted for found in _blocks(name)))
    ]


def rank_of(name: str, lora: Lora) -> int:
    """The rank of the adapter on the layer ``name``."""
    ranks = lora.rank_pattern.items()
    return next((rank for pattern, rank in ranks if _matches(pattern, name)), lora.r)


def check_names(lora: Lora, base: BaseNames, targets: Sequence[str]) -> None:
    """Hold every other name and number of ``lora`` against the base; ``targets`` are found.

    Raises:
        TrainingError: When something that is named does not exist, or cannot be trained.
    """
    adapted = [name for name in base.linear if _ends(name, targets)]
    _need_all(lora.exclude_modules, adapted, field="exclude_modules", kind="adapted layer")
    adapted = [name for name in adapted if not _ends(name, lora.exclude_modules)]
    if isinstance(lora.layers_to_transform, list):
        _need_blocks(lora.layers_to_transform, adapted)
    _need_all(lora.modules_to_save, base.modules, field="modules_to_save", kind="module")
    for field in ("rank_pattern", "alpha_pattern"):
        for pattern in getattr(lora, field):
            if not any(_matches(pattern, name) for name in adapted):
                raise _not_found(field, "adapted layer", pattern, adapted)
    _refuse_quantized(lora.modules_to_save, base)
    if not adapted:
        problem = "training.lora.exclude_modules leaves no layer to adapt"
        raise TrainingError(problem, reason="TargetModuleNotFound", fix="take a name out of it")


def _need_all(
    wanted: Iterable[str], known: Sequence[str], *, field: str, kind: str, also: str | None = None
) -> None:
    for name in wanted:
        if not any(_ends(one, (name,)) for one in known):
            raise _not_found(field, kind, name, known, also=also)


def _need_blocks(wanted: Iterable[int], adapted: Sequence[str]) -> None:
    numbers = sorted({int(found[1]) for name in adapted for found in _blocks(name)})
    odd = [number for number in wanted if number not in numbers]
    if odd:
        there = f"0 to {numbers[-1]}" if numbers else "none"
        problem = f"training.lora.layers_to_transform: the base has no block {odd[0]}"
        fix = f"its blocks with adapted layers are {there}"
        raise TrainingError(problem, reason="TargetModuleNotFound", fix=fix)


def _refuse_quantized(wanted: Sequence[str], base: BaseNames) -> None:
    for name in base.modules:
        if _ends(name, wanted) and any(one.startswith(name) for one in base.quantized):
            problem = f"training.lora.modules_to_save: {name!r} is quantized and cannot be trained"
            fix = "put it into target_modules, or use method: lora"
            raise TrainingError(problem, reason="TargetModuleNotFound", fix=fix)


def _not_found(
    field: str, kind: str, name: str, known: Iterable[str], *, also: str | None = None
) -> TrainingError:
    endings = sorted({one.rpartition(".")[2] for one in known} - {""})
    endings = [one for one in endings if not one.isdigit() and one not in OUTPUT_LAYERS]
    near = get_close_matches(name, endings, n=3, cutoff=0.4) or endings[:12]
    fix = f"the nearest are {', '.join(near)}" + (f"; {also}" if also else "")
    problem = f"training.lora.{field}: the base has no {kind} {name!r}"
    return TrainingError(problem, reason="TargetModuleNotFound", fix=fix)


def _matches(pattern: str, name: str) -> bool:
    """As PEFT matches a pattern with a name."""
    return re.match(rf"(.*\.)?({pattern})$", name) is not None


def _blocks(name: str) -> Iterator[re.Match[str]]:
    return _BLOCK.finditer(name)


def _ends(name: str, endings: Iterable[str]) -> bool:
    return any(name == one or name.endswith(f".{one}") for one in endings)
