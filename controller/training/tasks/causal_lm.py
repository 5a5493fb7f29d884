"""Generation: prompt and completion, or conversations; loss on what the assistant says."""

import json
import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from controller.errors import TrainingError
from controller.job_protocol import JobFolder
from controller.training.job import TrainJob
from controller.training.learner import Metrics, TokenRow
from controller.training.methods.adapt import adapt, save_trained
from controller.training.tasks import lengths, packing
from controller.training.tasks.causal_rows import END, SPANS, token_rows, writing_of
from controller.training.tasks.tokenizer_files import copy_tokenizer, write_chat_template
from registry.serving.generator import PROMPT_TEMPLATE, build_causal_lm, end_ids, pad_id
from registry.serving.tokens import padded

__all__ = ["CausalLearner", "open_learner", "token_rows"]
NO_LOSS = -100
"""The label that torch's cross-entropy leaves out."""
GENERATION_CONFIG = "generation_config.json"
"""What transformers reads to know where an answer ends."""
FIT_SAMPLE = 500
MEASURE_BATCH = 16


class CausalLearner:
    """A causal language model in training; see ``learner.Learner``."""

    def __init__(
        self, job: TrainJob, model: nn.Module, rows: Mapping[str, Sequence[TokenRow]]
    ) -> None:
        """``rows`` holds the tokenised rows of ``train`` and ``validation``."""
        self.model = model
        self.does_pack, self.why = packing.decide(job.training.generation)
        limit = job.training.arguments.max_length
        self.rows = packing.packed(rows["train"], limit) if self.does_pack else rows["train"]
        self._single, self._validation = rows["train"], rows["validation"]
        self._job = job
        self._pad = pad_id(model.config)

    def collate(self, rows: Sequence[TokenRow]) -> dict[str, torch.Tensor]:
        """One batch, padded to its longest row; packed rows bring positions and no mask."""
        ids, mask = padded([row["input_ids"] for row in rows], pad_id=self._pad)
        labels = np.full_like(ids, NO_LOSS)
        for index, row in enumerate(rows):
            for first, behind in row[SPANS]:
                labels[index, first:behind] = row["input_ids"][first:behind]
        parts = {"input_ids": ids, "labels": labels}
        if packing.PARTS in rows[0]:
            parts["position_ids"] = np.array(
                [packing.positions(row, ids.shape[1]) for row in rows], dtype=np.int64
            )
        else:
            parts["attention_mask"] = mask
        return {name: torch.from_numpy(part) for name, part in parts.items()}

    def validate(self) -> Metrics:
        """Loss and accuracy per learned token on the validation rows."""
        return self._measure(self._validation)

    def measure_fit(self) -> Metrics:
        """Token accuracy on a seeded sample of the training rows, and what was cut and packed."""
        sampler = random.Random(self._job.training.seed)  # noqa: S311  (a sample, not a secret)
        sample = sampler.sample(list(self._single), min(FIT_SAMPLE, len(self._single)))
        found: Metrics = {
            "train_accuracy": self._measure(sample)["accuracy"],
            "train_rows": len(sample),
            **lengths.cut_counts(self._single),
        }
        if self.does_pack:
            found["packed_into_rows"] = len(self.rows)
        return found

    def save(self, output: Path) -> None:
        """Manifest, tokenizer with the chat template, and the adapter or all weights."""
        training = self._job.training
        source = writing_of(self._job).chat_template
        manifest: dict[str, Any] = {
            "format": 1,
            "task": self._job.task,
            "method": training.method,
            "base": {"model": self._job.base.model, "revision": self._job.base.revision},
            "max_length": training.arguments.max_length,
            "prompt_template": PROMPT_TEMPLATE if source is None else None,
        }
        if source is not None:
            # A base may know another end of its own, such as that of a document.
            manifest["stop_token_ids"] = sorted({row[END] for row in self._single})
            ends = sorted({*end_ids(self.model.config), *manifest["stop_token_ids"]})
            _write_json(output / GENERATION_CONFIG, {"eos_token_id": ends})
        if training.quantization is not None:
            manifest["quantization"] = training.quantization.model_dump()
        _write_json(output / "trueup.json", manifest)
        copy_tokenizer(self._job.base.folder, output)
        if source is not None:
            write_chat_template(source, output)
        save_trained(self.model, self._job, output)

    def _measure(self, rows: Sequence[TokenRow]) -> Metrics:
        rows = [row for row in rows if row[SPANS]]
        if not rows:
            return {}
        rows = sorted(rows, key=lambda row: len(row["input_ids"]))
        loss, hits, count = 0.0, 0, 0
        self.model.eval()
        with torch.inference_mode():
            for start in range(0, len(rows), MEASURE_BATCH):
                batch = self.collate(rows[start : start + MEASURE_BATCH])
                batch = {name: part.to(self.model.device) for name, part in batch.items()}
                labels = batch.pop("labels")[:, 1:]
                logits = self.model(**batch).logits[:, :-1]
                counted = labels != NO_LOSS
                found = logits[counted]
                loss += float(nn.functional.cross_entropy(found, labels[counted], reduction="sum"))
                hits += int((found.argmax(-1) == labels[counted]).sum())
                count += int(counted.sum())
        return {"loss": loss / count, "accuracy": hits / count}


def open_learner(job: TrainJob, folder: JobFolder) -> CausalLearner:
    """Read the rows, load the base, and add what the method trains."""
    if job.training.method == "linear-probe":
        problem = "training.method: linear-probe has no meaning for causal-lm"
        raise TrainingError(problem, reason="NotSupported", fix="use method: lora or full")
    tokens = token_rows(job)
    quantization = job.training.quantization
    model = build_causal_lm(job.base.folder, name=job.base.model, quantization=quantization)
    # A cache is of no use when every token is given, and breaks packed rows (finetune.md, E).
    model.config.use_cache = False
    learner = CausalLearner(job, model, tokens)
    folder.progress("loading", 0, 1, message=_said(learner, tokens["train"]))
    if learner.does_pack:
        fullest = max(learner.rows, key=lambda row: len(row[packing.PARTS]))
        packing.check_apart(model, learner.collate([fullest]))
    learner.model = adapt(model, job, task_type="CAUSAL_LM")
    return learner


def _write_json(path: Path, value: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(value, indent=1, ensure_ascii=False), encoding="utf-8")


def _said(learner: CausalLearner, rows: Sequence[TokenRow]) -> str:
    packed = f"packed into {len(learner.rows)}" if learner.does_pack else "not packed"
    return f"{len(rows)} rows{lengths.cut_words(rows)}, {packed} ({learner.why})"
