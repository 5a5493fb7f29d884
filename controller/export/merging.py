"""Merge an adapter into its base: published only after the outputs were seen to agree.

The check is on what a user will load: the written folder is read again with transformers alone,
and its outputs are held against those of the base with the adapter on it.
"""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import load_file
from torch import nn
from transformers import AutoModel, AutoModelForCausalLM

from controller.errors import ExportError
from controller.export.shaping import ADAPTER_CONFIG, MANIFEST, copy_base
from controller.job_protocol import JobFolder
from controller.training.weights import save_weights, without_tied
from registry.serving.classifier import build_encoder, pooled
from registry.serving.engine_bases import ADAPTER_FILE, quiet_peft
from registry.serving.generator import build_causal_lm
from registry.serving.quantized_bases import declared_quantization, dequantized

TOLERANCE = 1e-4
"""Largest difference of any output, as a share of the largest output; float32."""
SAMPLE_ROWS = 16
SAMPLE_LENGTH = 48
WEIGHTS = "model.safetensors"


def merge(folder: JobFolder) -> dict[str, Any]:
    """Merge the version in ``job["version"]`` over ``job["base"]`` into the job's output.

    Raises:
        ExportError: The merged model gives other outputs than the adapter on its base.
    """
    version, base = Path(folder.job["version"]), Path(folder.job["base"])
    manifest = json.loads((version / MANIFEST).read_text())
    folder.progress("merging", 0, 1)
    if (version / ADAPTER_CONFIG).is_file():
        difference = _merge_adapter(version, base, folder.output, manifest)
    else:
        difference = 0.0  # the base as it is: nothing was trained but the head
        copy_base(base, folder.output)
    _copy_the_rest(version, folder.output)
    if manifest["task"] == "text-classification":
        _describe_to_sentence_transformers(folder.output, manifest)
    return {"largest_difference": difference, "tolerance": TOLERANCE}


def _merge_adapter(version: Path, base: Path, output: Path, manifest: Mapping[str, Any]) -> float:
    from peft import PeftModel  # noqa: PLC0415  (5 CPU seconds, and heads need none of it)

    is_causal = manifest["task"] == "causal-lm"
    held = declared_quantization(manifest)
    build = build_causal_lm if is_causal else build_encoder
    plain = build(base, quantization=held)
    samples = sample_ids(plain.config.vocab_size)
    with quiet_peft():
        model = PeftModel.from_pretrained(plain, version).eval()
        wanted = outputs(model, samples, version, manifest)
        if held is not None:
            # What was trained is an adapter for the rounded weights, not for the base's own.
            rounded = dequantized(build(base, quantization=held))
            model = PeftModel.from_pretrained(rounded, version).eval()
        merged = model.merge_and_unload(safe_merge=True)
    save_weights(without_tied(merged) | _pooler(base, is_causal=is_causal), output / WEIGHTS)
    merged.config.save_pretrained(output)
    kind = AutoModelForCausalLM if is_causal else AutoModel
    again = kind.from_pretrained(output, dtype=torch.float32, use_safetensors=True).eval()
    difference = largest_difference(wanted, outputs(again, samples, version, manifest))
    refuse_other_outputs(difference)
    return difference


def sample_ids(vocabulary: int) -> torch.Tensor:
    """Token ids, int64 [rows, length], the same each time: outputs are compared on them."""
    draw = torch.Generator().manual_seed(17)
    return torch.randint(0, vocabulary, (SAMPLE_ROWS, SAMPLE_LENGTH), generator=draw)


def outputs(
    model: nn.Module, ids: torch.Tensor, version: Path, manifest: Mapping[str, Any]
) -> torch.Tensor:
    """Logits on ``ids``: of the labels, or of the next tokens."""
    mask = torch.ones_like(ids)
    with torch.inference_mode():
        found = model(input_ids=ids, attention_mask=mask)
        if manifest["task"] == "causal-lm":
            return found.logits
        head = load_file(version / "head.safetensors")
        vectors = pooled(found.last_hidden_state, mask, manifest["pooling"])
        return nn.functional.linear(vectors, head["weight"], head["bias"])


def largest_difference(wanted: torch.Tensor, found: torch.Tensor) -> float:
    """The largest absolute difference, as a share of the largest absolute value wanted."""
    return float((wanted - found).abs().max() / wanted.abs().max())


def refuse_other_outputs(difference: float) -> None:
    """ExportError when the outputs differ by more than ``TOLERANCE``, or are no numbers at all."""
    if not difference <= TOLERANCE:
        problem = f"the merged model differs from the adapter by {difference:.1e} of its outputs"
        fix = "use the folder without --merge; the adapter is what was measured"
        raise ExportError(f"{problem}, more than {TOLERANCE:.0e}", fix=fix)


def _pooler(base: Path, *, is_causal: bool) -> dict[str, torch.Tensor]:
    """The base's own pooler, which versions leave out: without it, loading would make one up."""
    kept: dict[str, torch.Tensor] = {}
    for path in () if is_causal else sorted(base.glob("*.safetensors")):
        with safe_open(path, framework="pt") as file:
            kept |= {name: file.get_tensor(name) for name in file.keys() if "pooler." in name}  # noqa: SIM118
    return {name: value for name, value in kept.items() if name.startswith("pooler.")}


def _copy_the_rest(version: Path, output: Path) -> None:
    for path in sorted(version.iterdir()):
        is_adapter = path.name in {ADAPTER_CONFIG, ADAPTER_FILE}
        if path.is_file() and not is_adapter and not (output / path.name).exists():
            shutil.copyfile(path, output / path.name)


def _describe_to_sentence_transformers(output: Path, manifest: Mapping[str, Any]) -> None:
    """Encoder, pooling and head as sentence-transformers' modules: ``encode`` gives logits."""
    head = load_file(output / "head.safetensors")
    labels, hidden = head["weight"].shape
    modules = [
        {"idx": 0, "name": "0", "path": "", "type": f"{_MODULES}.Transformer"},
        {"idx": 1, "name": "1", "path": "1_Pooling", "type": f"{_MODULES}.Pooling"},
        {"idx": 2, "name": "2", "path": "2_Dense", "type": f"{_MODULES}.Dense"},
    ]
    _write(output / "modules.json", modules)
    _write(output / "sentence_bert_config.json", {"max_seq_length": manifest["max_length"]})
    mean = manifest["pooling"] == "mean"
    pooling = {"word_embedding_dimension": hidden}
    pooling |= {"pooling_mode_mean_tokens": mean, "pooling_mode_cls_token": not mean}
    _write(output / "1_Pooling" / "config.json", pooling)
    dense = {"in_features": hidden, "out_features": labels, "bias": True}
    dense["activation_function"] = "torch.nn.modules.linear.Identity"
    _write(output / "2_Dense" / "config.json", dense)
    tensors = {f"linear.{name}": value for name, value in head.items()}
    save_weights(tensors, output / "2_Dense" / WEIGHTS)


_MODULES = "sentence_transformers.models"


def _write(path: Path, value: Any) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(value, indent=1) + "\n")
