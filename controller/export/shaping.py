"""The shape that other tools expect of a pulled version. No torch here.

An adapter's config names its base. One from the hub is named by id and commit; any other comes
along in the folder, since nobody else could find it by its name.
"""

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from registry.bases import BASE_FILES, POOLING_CONFIG

ADAPTER_CONFIG = "adapter_config.json"
MANIFEST = "trueup.json"
BASE_FOLDER = "base"
VLLM_DEFAULT_RANK = 16
_LOADERS = {
    "text-classification": ("AutoPeftModelForFeatureExtraction", "AutoModel"),
    "causal-lm": ("AutoPeftModelForCausalLM", "AutoModelForCausalLM"),
}


@dataclass(frozen=True)
class Pulled:
    """What was put into a folder, for those who use it."""

    folder: Path
    task: str
    method: str
    loads_with: str
    """A line of Python; empty when there is only a head."""
    vllm_problems: tuple[str, ...]
    """Why vLLM would not take the adapter; empty when it would, or when there is none."""
    merge_difference: float | None = None
    """Of the outputs, as a share of the largest; None when nothing was merged."""


def has_adapter(folder: Path) -> bool:
    """Whether the version in ``folder`` is an adapter, which needs its base."""
    return (folder / ADAPTER_CONFIG).is_file()


def bring_base(folder: Path, base: Path, *, at: Path) -> None:
    """Put the files in ``base`` beside the adapter in ``folder``, and make it find them there.

    ``at`` is where the folder will stand.
    """
    copy_base(base, folder / BASE_FOLDER)
    path = folder / ADAPTER_CONFIG
    config = json.loads(path.read_text())
    # PEFT takes the name as a path from where Python was started; only a whole one is always right.
    config |= {"base_model_name_or_path": str((at / BASE_FOLDER).absolute()), "revision": None}
    path.write_text(json.dumps(config, indent=2, sort_keys=True) + "\n")


def copy_base(source: Path, target: Path) -> None:
    """Copy what a base is made of: weights, config and tokenizer, never code or pickles."""
    target.mkdir(exist_ok=True)
    for pattern in BASE_FILES:
        for path in sorted(source.glob(pattern)):
            shutil.copyfile(path, target / path.name)
    if (source / POOLING_CONFIG).is_file():
        (target / POOLING_CONFIG).parent.mkdir(exist_ok=True)
        shutil.copyfile(source / POOLING_CONFIG, target / POOLING_CONFIG)


def describe(folder: Path, *, at: Path) -> Pulled:
    """Say how the version in ``folder`` is loaded, once it stands ``at`` its place."""
    manifest = json.loads((folder / MANIFEST).read_text())
    with_adapter, whole = _LOADERS[manifest["task"]]
    config = folder / ADAPTER_CONFIG
    problems: tuple[str, ...] = ()
    loads_with = ""
    if config.is_file():
        loads_with = f'peft.{with_adapter}.from_pretrained("{at}")'
        problems = vllm_problems(json.loads(config.read_text()), manifest["task"])
    elif (folder / "config.json").is_file():
        loads_with = f'transformers.{whole}.from_pretrained("{at}")'
    return Pulled(at, manifest["task"], manifest["method"], loads_with, problems)


def vllm_problems(config: Mapping[str, Any], task: str) -> tuple[str, ...]:
    """Why vLLM does not take an adapter with this ``adapter_config.json`` as a LoRA module."""
    found = {
        "vLLM serves adapters of causal language models": task != "causal-lm",
        "vLLM does not do DoRA": bool(config.get("use_dora")),
        "vLLM takes no modules_to_save": bool(config.get("modules_to_save")),
        "vLLM takes no trained bias": config.get("bias", "none") != "none",
        "vLLM has one rank for all layers": bool(config.get("rank_pattern")),
        "vLLM has one alpha for all layers": bool(config.get("alpha_pattern")),
    }
    return tuple(problem for problem, is_so in found.items() if is_so)


def write_readme(folder: Path, pulled: Pulled, card: str) -> None:
    """Put the model card and a way to load it into the folder."""
    text = f"{card.rstrip()}\n\n## How to load it\n\n{_usage(folder, pulled)}\n"
    (folder / "README.md").write_text(text, encoding="utf-8")


def _usage(folder: Path, pulled: Pulled) -> str:
    parts = []
    if pulled.loads_with:
        library = pulled.loads_with.partition(".")[0]
        parts.append(f"```python\nimport {library}\n\nmodel = {pulled.loads_with}\n```")
    if pulled.task == "text-classification":
        parts.append(
            "The model gives hidden states. The logits of the labels in `trueup.json` are the "
            "pooled states (`pooling`) through the linear layer in `head.safetensors`."
        )
        if (folder / "modules.json").is_file():
            parts.append(
                "Or with sentence-transformers, all in one: "
                f'`SentenceTransformer("{pulled.folder}").encode(texts)` gives the logits.'
            )
    elif (folder / ADAPTER_CONFIG).is_file():
        rank = json.loads((folder / ADAPTER_CONFIG).read_text())["r"]
        wider = f" --max-lora-rank {_vllm_rank(rank)}" if rank > VLLM_DEFAULT_RANK else ""
        line = f"vllm serve BASE --enable-lora{wider} --lora-modules NAME={pulled.folder}"
        because = "; ".join(pulled.vllm_problems)
        parts.append(
            f"vLLM does not take this adapter: {because}." if because else f"```sh\n{line}\n```"
        )
    return "\n\n".join(parts) or "Only a head was trained: load the base, then the head."


def _vllm_rank(rank: int) -> int:
    """The smallest of the ranks that vLLM can be started with."""
    return next((size for size in (32, 64, 128, 256, 320, 512) if size >= rank), rank)
