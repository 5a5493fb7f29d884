"""Whether a base is made for a task, by what its config says of itself. Loads no framework."""

import json
from pathlib import Path

from registry.errors import BaseModelError

ENDS_OF_DECODERS = ("ForCausalLM", "LMHeadModel")
CHOICES = {
    "causal-lm": "choose a decoder, whose config.json names an architecture ...ForCausalLM",
    "text-classification": "choose an encoder such as sentence-transformers/all-MiniLM-L6-v2",
}


def check_architecture(base_folder: Path, *, name: str, task: str) -> None:
    """Hold the base against the task, before rows are read or weights are loaded.

    Raises:
        BaseModelError: When it writes and is to classify, or the other way round; it calls the
            base ``name``.
    """
    config = json.loads((base_folder / "config.json").read_text())
    kinds = config.get("architectures") or []
    is_decoder = any(kind.endswith(ENDS_OF_DECODERS) for kind in kinds)
    # BERT can be loaded as a decoder as well, and would answer nonsense. A decoder can be pooled,
    # but none of its tokens has read what comes after it.
    fits = is_decoder if task == "causal-lm" else not is_decoder
    if not fits:
        raise unfit(name, str(config.get("model_type")), task)


def unfit(name: str, model_type: str, task: str) -> BaseModelError:
    """The error about a base that is not made for ``task``."""
    problem = f"its architecture {model_type!r} does not fit {task}"
    error = BaseModelError(name, problem, fix=CHOICES[task])
    error.reason = "BaseModelUnfit"
    return error
