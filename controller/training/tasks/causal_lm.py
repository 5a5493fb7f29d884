"""Generation: prompt and completion, loss on the completion's tokens only."""

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
from controller.training.methods import adapt, save_trained
from controller.training.tasks.rows import Row, read_rows, read_training_rows
from controller.training.tasks.tokenizer_files import copy_tokenizer
from registry.serving.generator import (
    PROMPT_TEMPLATE,
    build_causal_lm,
    end_ids,
    pad_id,
    prompt_ids,
)
from registry.serving.tokens import Ids, TextTokenizer, padded

NO_LOSS = -100
"""The label that torch's cross-entropy leaves out."""
FIT_SAMPLE = 500
MEASURE_BATCH = 16


class CausalLearner:
    """A causal language model in training; see ``learner.Learner``."""

    def __init__(
        self, job: TrainJob, model: nn.Module, rows: Mapping[str, Sequence[TokenRow]]
    ) -> None:
        """``rows`` holds the tokenised rows of ``train`` and ``validation``."""
        self.model = model
        self.rows = rows["train"]
        self._validation = rows["validation"]
        self._job = job
        self._pad = pad_id(model.config)

    def collate(self, rows: Sequence[TokenRow]) -> dict[str, torch.Tensor]:
        """One batch, padded to its longest row."""
        ids, mask = padded([row["input_ids"] for row in rows], pad_id=self._pad)
        labels = np.full_like(ids, NO_LOSS)
        for index, row in enumerate(rows):
            labels[index, row["prompt_length"] : len(row["input_ids"])] = row["input_ids"][
                row["prompt_length"] :
            ]
        parts = {"input_ids": ids, "attention_mask": mask, "labels": labels}
        return {name: torch.from_numpy(part) for name, part in parts.items()}

    def validate(self) -> Metrics:
        """Loss and accuracy per completion token on the validation rows."""
        return self._measure(self._validation)

    def measure_fit(self) -> Metrics:
        """Token accuracy on a seeded sample of the training rows."""
        sampler = random.Random(self._job.training.seed)  # noqa: S311  (a sample, not a secret)
        sample = sampler.sample(list(self.rows), min(FIT_SAMPLE, len(self.rows)))
        return {"train_accuracy": self._measure(sample)["accuracy"], "train_rows": len(sample)}

    def save(self, output: Path) -> None:
        """Manifest, tokenizer, and the adapter or all weights."""
        training = self._job.training
        manifest: dict[str, Any] = {
            "format": 1,
            "task": self._job.task,
            "method": training.method,
            "base": {"model": self._job.base.model, "revision": self._job.base.revision},
            "max_length": training.arguments.max_length,
            "prompt_template": PROMPT_TEMPLATE,
        }
        if training.quantization is not None:
            manifest["quantization"] = training.quantization.model_dump()
        (output / "trueup.json").write_text(json.dumps(manifest, indent=1, ensure_ascii=False))
        copy_tokenizer(self._job.base.folder, output)
        save_trained(self.model, self._job, output)

    def _measure(self, rows: Sequence[TokenRow]) -> Metrics:
        if not rows:
            return {}
        rows = sorted(rows, key=lambda row: len(row["input_ids"]))
        loss, hits, count = 0.0, 0, 0
        self.model.eval()
        with torch.inference_mode():
            for start in range(0, len(rows), MEASURE_BATCH):
                batch = self.collate(rows[start : start + MEASURE_BATCH])
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
    rows = read_training_rows(job.prepared)
    folder.progress("loading", 0, 1, message=f"{len(rows)} rows")
    quantization = job.training.quantization
    model = build_causal_lm(job.base.folder, name=job.base.model, quantization=quantization)
    # A cache is of no use when every token is given, and breaks packed rows (finetune.md, E).
    model.config.use_cache = False
    splits = {"train": rows, "validation": read_rows(job.prepared, "validation")}
    tokens = {name: tokenised(found, job, end_ids(model.config)) for name, found in splits.items()}
    return CausalLearner(job, adapt(model, job, task_type="CAUSAL_LM"), tokens)


def tokenised(rows: Sequence[Row], job: TrainJob, end: Sequence[int]) -> list[TokenRow]:
    """Prompt, completion and end as ids; a long prompt loses its beginning, never its end."""
    tokenizer = TextTokenizer(job.base.folder, max_length=None)
    limit = job.training.arguments.max_length
    return [_token_row(row, tokenizer, limit, end) for row in rows]


def _token_row(row: Row, tokenizer: TextTokenizer, limit: int, end: Sequence[int]) -> TokenRow:
    prompt: Ids = prompt_ids(tokenizer, PROMPT_TEMPLATE, row["prompt"], end)
    [completion] = tokenizer.plain_ids([row["completion"]])
    completion = [*completion, *end[:1]][: limit - 1]
    prompt = prompt[-(limit - len(completion)) :]
    return {"input_ids": [*prompt, *completion], "prompt_length": len(prompt)}
