"""Which layers an adapter goes into, by their names. Pure: plans ask it before torch is loaded."""

from collections.abc import Iterable
from difflib import get_close_matches

from controller.errors import TrainingError

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

OUTPUT_LAYERS = ("lm_head", "embed_out", "score", "classifier")


def target_modules(layers: Iterable[str], wanted: list[str] | str) -> list[str]:
    """Names to adapt, out of the dotted names of the model's linear ``layers``.

    ``auto`` is query and value, or everything where no such layer is known; ``all-linear`` is
    everything but the output layer. Names in a list must each end the name of some layer.
    """
    layers = list(layers)
    endings = {name.rpartition(".")[2] for name in layers}
    everything = sorted(endings - set(OUTPUT_LAYERS))
    if wanted == "auto":
        known = (list(pair) for pair in QUERY_AND_VALUE if set(pair) <= endings)
        return next(known, everything)
    if isinstance(wanted, str):
        return everything
    for name in wanted:
        if not any(layer == name or layer.endswith(f".{name}") for layer in layers):
            near = get_close_matches(name, everything, n=3, cutoff=0.4) or everything
            fix = f"the nearest are {', '.join(near)}; `auto` and `all-linear` always fit"
            problem = f"training.lora.target_modules: the base has no linear layer {name!r}"
            raise TrainingError(problem, reason="TargetModuleNotFound", fix=fix)
    return sorted(set(wanted))
