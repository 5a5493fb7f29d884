"""Text classification: a pooled encoder and a linear head."""

import json
import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from controller.job_protocol import JobFolder
from controller.training.fitting.checkpoints import newest_whole
from controller.training.job import TrainJob
from controller.training.learner import Metrics, TokenRow
from controller.training.methods.adapt import adapt, save_trained
from controller.training.tasks import lengths, measures
from controller.training.tasks.features import FeatureStore
from controller.training.tasks.head import START_L2, Features, fit_linear, probe
from controller.training.tasks.rows import (
    Row,
    check_labels,
    read_labels,
    read_rows,
    read_training_rows,
)
from controller.training.tasks.tokenizer_files import copy_tokenizer
from controller.training.weights import save_weights
from registry.bases import POOLING_CONFIG
from registry.serving.classifier_encoders import build_encoder, pooled
from registry.serving.tokens import Side, TextTokenizer, padded

EMBED_BATCH = 32
FIT_SAMPLE = 2000
"""Training rows that ``train_accuracy`` is measured on, at most."""


class ClassificationModel(nn.Module):  # type: ignore[misc]  # torch is untyped here
    """Encoder, pooling, head; the loss is the cross-entropy, per row of the whole step."""

    def __init__(self, encoder: nn.Module, head: nn.Linear, pooling: str) -> None:
        """``encoder`` gives last hidden states; ``head`` has one output per label."""
        super().__init__()
        self.encoder = encoder
        self.head = head
        self.pooling = pooling

    def forward(
        self,
        input_ids: torch.Tensor,
        attention_mask: torch.Tensor,
        labels: torch.Tensor,
        *,
        weights: torch.Tensor | None = None,
        num_items_in_batch: torch.Tensor | int | None = None,
    ) -> dict[str, torch.Tensor]:
        """``loss`` and ``logits`` of one batch; see ``learner.Learner`` for the loss."""
        logits = self.head(self.vectors(input_ids, attention_mask))
        losses = functional.cross_entropy(logits, labels, reduction="none")
        if weights is not None:
            losses = losses * weights
        count = len(labels) if num_items_in_batch is None else num_items_in_batch
        return {"loss": losses.sum() / count, "logits": logits}

    def vectors(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        """Pooled vectors, [rows, hidden size]."""
        hidden = self.encoder(input_ids=input_ids, attention_mask=attention_mask)
        return pooled(hidden.last_hidden_state, attention_mask, self.pooling)


class ClassificationLearner:
    """A classification model in training; see ``learner.Learner``."""

    def __init__(
        self,
        job: TrainJob,
        labels: list[str],
        model: ClassificationModel,
        rows: Mapping[str, Sequence[TokenRow]],
    ) -> None:
        """``rows`` holds the tokenised rows of ``train`` and ``validation``."""
        self.model = model
        self.rows = rows["train"]
        self._validation = rows["validation"]
        self._job = job
        self._labels = labels
        self._pad_id: int = model.encoder.config.pad_token_id or 0
        self.frozen: FeatureStore | None = None
        """Features of the base as it is, while it is what the encoder is."""

    def collate(self, rows: Sequence[TokenRow]) -> dict[str, torch.Tensor]:
        """One batch, padded to its longest row."""
        ids, mask = padded([row["input_ids"] for row in rows], pad_id=self._pad_id)
        return {
            "input_ids": torch.from_numpy(ids),
            "attention_mask": torch.from_numpy(mask),
            "labels": torch.tensor([row["labels"] for row in rows]),
        }

    def features(self, rows: Sequence[TokenRow]) -> Features:
        """Pooled vectors of ``rows`` from the encoder as it is now."""
        labels = torch.tensor([row["labels"] for row in rows], dtype=torch.long)
        if self.frozen is None:
            return Features(self._vectors(rows), labels)
        return Features(self.frozen.get(rows, lambda: self._vectors(rows)), labels)

    def _vectors(self, rows: Sequence[TokenRow]) -> torch.Tensor:
        order = sorted(range(len(rows)), key=lambda index: -len(rows[index]["input_ids"]))
        vectors = torch.zeros(len(rows), self.model.head.in_features)
        self.model.eval()
        with torch.inference_mode():
            for start in range(0, len(order), EMBED_BATCH):
                chosen = order[start : start + EMBED_BATCH]
                batch = self.collate([rows[index] for index in chosen])
                vectors[chosen] = self.model.vectors(batch["input_ids"], batch["attention_mask"])
        return vectors.clone()

    def validate(self) -> Metrics:
        """Loss, accuracy and macro-F1 on the validation rows."""
        return self._measure(self._validation)

    def measure_fit(self) -> Metrics:
        """Accuracy on a seeded sample of the training rows."""
        sampler = random.Random(self._job.training.seed)  # noqa: S311  (a sample, not a secret)
        sample = sampler.sample(list(self.rows), min(FIT_SAMPLE, len(self.rows)))
        measured = self._measure(sample)
        known = {"train_accuracy": measured["accuracy"], "train_rows": len(sample)}
        return known | lengths.cut_counts(self.rows)

    def save(self, output: Path) -> None:
        """Manifest, head, tokenizer; and the adapter or the encoder, whichever was trained."""
        training = self._job.training
        manifest: dict[str, Any] = {
            "format": 1,
            "task": self._job.task,
            "method": training.method,
            "base": {"model": self._job.base.model, "revision": self._job.base.revision},
            "pooling": self.model.pooling,
            "max_length": training.arguments.max_length,
            "truncation": _cut(self._job),
            "labels": self._labels,
            "temperature": 1.0,
        }
        if training.quantization is not None:
            manifest["quantization"] = training.quantization.model_dump()
        (output / "trueup.json").write_text(json.dumps(manifest, indent=1, ensure_ascii=False))
        save_weights(dict(self.model.head.named_parameters()), output / "head.safetensors")
        copy_tokenizer(self._job.base.folder, output)
        save_trained(self.model.encoder, self._job, output)

    def _measure(self, rows: Sequence[TokenRow]) -> Metrics:
        if not rows:
            return {}
        features = self.features(rows)
        with torch.inference_mode():
            return measures.of_logits(self.model.head(features.vectors), features.labels)


def open_learner(job: TrainJob, folder: JobFolder) -> ClassificationLearner:
    """Read the rows, load the base, start the head, and add what the method trains."""
    tokens = token_rows(job)
    labels = read_labels(job.prepared)
    rows = tokens["train"]
    said = f"{len(rows)} rows, {len(labels)} labels{lengths.cut_words(rows)}"
    folder.progress("loading", 0, 1, message=said)
    quantization = job.training.quantization
    encoder = build_encoder(job.base.folder, name=job.base.model, quantization=quantization)
    head = nn.Linear(encoder.config.hidden_size, len(labels))
    model = ClassificationModel(encoder, head, _pooling(job))
    learner = ClassificationLearner(job, labels, model, tokens)
    learner.frozen = FeatureStore(job, model.pooling)
    if job.training.method == "linear-probe":
        folder.progress("probing", 0, 1, message="features of the frozen base")
        found = probe(*map(learner.features, tokens.values()), label_count=len(labels))
        head.load_state_dict(found.state_dict())
        model.requires_grad_(requires_grad=False)
        return learner
    # A checkpoint holds the head as it went on from the probe: resuming need not probe again.
    if job.training.head.init == "linear-probe" and newest_whole(folder.checkpoints) is None:
        folder.progress("probing", 0, 1, message="features of the frozen base")
        start = fit_linear(learner.features(learner.rows), label_count=len(labels), l2=START_L2)
        head.load_state_dict(start.state_dict())
    learner.frozen = None
    model.encoder = adapt(encoder, job, task_type="FEATURE_EXTRACTION")
    return learner


def token_rows(job: TrainJob) -> dict[str, list[TokenRow]]:
    """The tokenised rows of ``train`` and ``validation``, each checked; no weights are loaded.

    Raises:
        TrainingError: When a row, a label or ``max_length`` does not fit.
    """
    lengths.check_max_length(job)
    rows = read_training_rows(job.prepared)
    labels = read_labels(job.prepared)
    check_labels(labels, rows)
    splits = {"train": rows, "validation": read_rows(job.prepared, "validation")}
    return {name: _tokenised(name, found, labels, job) for name, found in splits.items()}


def _tokenised(
    split: str, rows: Sequence[Row], labels: Sequence[str], job: TrainJob
) -> list[TokenRow]:
    number = {label: index for index, label in enumerate(labels)}
    # A validation label that training never saw cannot be learnt, and is not measured either.
    rows = [row for row in rows if row["label"] in number]
    limit = job.training.arguments.max_length
    tokenizer = TextTokenizer(job.base.folder, max_length=limit, cut=_cut(job))
    found: list[TokenRow] = [
        {"input_ids": ids, "labels": number[row["label"]], lengths.CUT: is_cut}
        for row, (ids, is_cut) in zip(
            rows, tokenizer.cut_ids([row["text"] for row in rows]), strict=True
        )
    ]
    lengths.refuse_cut(job, split, found, [row["row"] for row in rows])
    return found


def _cut(job: TrainJob) -> Side:
    return "left" if job.training.truncation == "left" else "right"


def _pooling(job: TrainJob) -> str:
    """``auto`` follows how the base was trained: the wrong pooling costs 2 to 8 points."""
    wanted = job.training.head.pooling
    declared = job.base.folder / POOLING_CONFIG
    if wanted != "auto":
        return wanted
    if declared.is_file() and json.loads(declared.read_text()).get("pooling_mode_cls_token"):
        return "cls"
    return "mean"
