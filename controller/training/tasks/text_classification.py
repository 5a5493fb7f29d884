"""Text classification: a pooled encoder and a linear head; one label per row, or a set of them.

With a set of labels every label is a yes or no of its own: binary cross-entropy, and a head that is
one-vs-rest. Which of the two it is, the prepared rows say (``label`` or ``labels``).
"""

import json
import random
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from shutil import copyfile
from typing import Any

import torch
from torch import nn

from controller.job_protocol import JobFolder
from controller.training.fitting.checkpoints import newest_whole
from controller.training.job import TrainJob
from controller.training.learner import Metrics, TokenRow
from controller.training.methods.adapt import adapt, save_trained
from controller.training.mitigation import ADDED, WEIGHT
from controller.training.ranks import is_first
from controller.training.tasks import lengths, measures
from controller.training.tasks.features import FeatureStore
from controller.training.tasks.head import START_L2, Features, fit_linear, losses_of, probe
from controller.training.tasks.labelled_rows import Labelled, read_labelled
from controller.training.tasks.lower_blocks import HIDDEN, LowerBlocks, find_lower_blocks
from controller.training.tasks.pooling import pooling_of
from controller.training.tasks.temperature import fold_temperature
from controller.training.tasks.token_dropout import draw_kept, take_out
from controller.training.tasks.tokenizer_files import copy_tokenizer
from controller.training.weights import save_weights
from registry.serving.classifier import (
    MULTI_LABEL,
    SINGLE_LABEL,
    START_HEAD_FILE,
    THRESHOLD,
)
from registry.serving.classifier_encoders import build_encoder, pooled
from registry.serving.tokens import padded

EMBED_BATCH = 32
FIT_SAMPLE = 1000
"""Training rows that ``train_accuracy`` is measured on, at most."""


class ClassificationModel(nn.Module):  # type: ignore[misc]  # torch is untyped here
    """Encoder, pooling, head; the loss is the cross-entropy, per row of the whole step."""

    def __init__(self, encoder: nn.Module, head: nn.Linear, pooling: str) -> None:
        """``encoder`` gives last hidden states; ``head`` has one output per label."""
        super().__init__()
        self.encoder = encoder
        self.head = head
        self.pooling = pooling
        self.token_dropout = 0.0
        """Share of the tokens that a training step does not see."""
        self.lower: LowerBlocks | None = None
        """The frozen blocks whose states are kept with the rows."""

    def forward(
        self,
        input_ids: torch.Tensor,
        attention_mask: torch.Tensor,
        labels: torch.Tensor,
        *,
        hidden: torch.Tensor | None = None,
        weights: torch.Tensor | None = None,
        num_items_in_batch: torch.Tensor | int | None = None,
    ) -> dict[str, torch.Tensor]:
        """``loss`` and ``logits`` of one batch; see ``learner.Learner`` for the loss."""
        if self.training and self.token_dropout:
            attention_mask = draw_kept(attention_mask, self.token_dropout)
            if hidden is not None:
                attention_mask, input_ids, hidden = take_out(attention_mask, input_ids, hidden)
        logits = self.head(self.vectors(input_ids, attention_mask, hidden))
        losses = losses_of(logits, labels)
        if weights is not None:
            losses = losses * weights
        # One per row, or one per row and label: what transformers counts as items.
        count = labels.numel() if num_items_in_batch is None else num_items_in_batch
        return {"loss": losses.sum() / count, "logits": logits}

    def vectors(
        self,
        input_ids: torch.Tensor,
        attention_mask: torch.Tensor,
        hidden: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """Pooled vectors, [rows, hidden size]; ``hidden`` is what lower blocks gave before."""
        if self.lower is not None:
            self.lower.use(hidden)
        found = self.encoder(input_ids=input_ids, attention_mask=attention_mask)
        return pooled(found.last_hidden_state, attention_mask, self.pooling)


class ClassificationLearner:
    """A classification model in training; see ``learner.Learner``."""

    def __init__(
        self,
        job: TrainJob,
        data: Labelled,
        model: ClassificationModel,
    ) -> None:
        """``data`` holds the tokenised rows of ``train`` and ``validation``, and their labels."""
        self.model = model
        self.rows: Sequence[TokenRow] = data.tokens["train"]
        self._validation = data.tokens["validation"]
        self._data = data
        self._job = job
        self._pad_id: int = model.encoder.config.pad_token_id or 0
        self.start_head: Path | None = None
        """Where the probe was kept that training starts from, over runs of one job."""
        self.frozen: FeatureStore | None = None
        """Features of the base as it is, while it is what the encoder is."""
        self._calibration: dict[str, float] | None = None

    def collate(self, rows: Sequence[TokenRow]) -> dict[str, torch.Tensor]:
        """One batch, padded to its longest row."""
        ids, mask = padded([row["input_ids"] for row in rows], pad_id=self._pad_id)
        batch = {
            "input_ids": torch.from_numpy(ids),
            "attention_mask": torch.from_numpy(mask),
            "labels": self._targets(rows),
        }
        if rows and WEIGHT in rows[0]:
            batch["weights"] = torch.tensor([row[WEIGHT] for row in rows])
        lower = self.model.lower
        if rows and lower is not None and lower.are_left_out:
            batch[HIDDEN] = lower.states_of(rows)
        return batch

    def features(self, rows: Sequence[TokenRow]) -> Features:
        """Pooled vectors of ``rows`` from the encoder as it is now."""
        targets = self._targets(rows)
        weights = torch.tensor([row.get(WEIGHT, 1.0) for row in rows])
        if self.frozen is None:
            return Features(self._vectors(rows), targets, weights)
        return Features(self.frozen.get(rows, lambda: self._vectors(rows)), targets, weights)

    def _vectors(self, rows: Sequence[TokenRow]) -> torch.Tensor:
        vectors = torch.zeros(len(rows), self.model.head.in_features)
        lower = self.model.lower
        for chosen in _in_batches(rows):
            batch = [rows[index] for index in chosen]
            if lower is not None and not lower.are_left_out:
                vectors[chosen] = lower.keep(batch, partial(self._pooled, batch))
            else:
                vectors[chosen] = self._pooled(batch)
        return vectors

    def _pooled(self, rows: Sequence[TokenRow]) -> torch.Tensor:
        """Pooled vectors of one batch, on the CPU wherever the model is."""
        self.model.eval()
        device = next(self.model.parameters()).device
        batch = {name: part.to(device) for name, part in self.collate(rows).items()}
        # Not inference mode: the states that lower blocks give are trained on afterwards.
        with torch.no_grad():
            vectors = self.model.vectors(
                batch["input_ids"], batch["attention_mask"], batch.get(HIDDEN)
            )
        return vectors.cpu()

    def run_lower_blocks(self) -> None:
        """Give every row the states of the frozen lower blocks, where it has none yet."""
        lower = self.model.lower
        if lower is None:
            return
        for rows in (self.rows, self._validation):
            for chosen in _in_batches(rows):
                batch = [rows[index] for index in chosen]
                lower.keep_only(batch, partial(self._pooled, batch))

    def leave_out_lower_blocks(self) -> None:
        """Run the frozen lower blocks no more; unless what is kept does not give the same."""
        lower = self.model.lower
        if lower is not None and not lower.leave_out(self.rows[:EMBED_BATCH], self._pooled):
            self.model.lower = None
            for row in (*self.rows, *self._validation):
                row.pop(HIDDEN, None)

    def validate(self) -> Metrics:
        """Loss, accuracy and macro-F1 on the validation rows."""
        return self._measure(self._validation)

    def measure_fit(self) -> dict[str, Any]:
        """Accuracy on a seeded sample of the training rows that the data has, and facts of them."""
        own = [row for row in self.rows if not row.get(ADDED)]
        sampler = random.Random(self._job.training.seed)  # noqa: S311  (a sample, not a secret)
        sample = sampler.sample(own, min(FIT_SAMPLE, len(own)))
        known = {"train_accuracy": self._measure(sample)["accuracy"], "train_rows": len(sample)}
        return known | lengths.cut_counts(self.rows) | self._data.facts

    def calibrate(self) -> dict[str, float]:
        """Fold the validation rows' temperature into the head; say what it did."""
        self._calibration = fold_temperature(self.model.head, self.features(self._validation))
        return self._calibration

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
            "truncation": lengths.side_of(self._job),
            "labels": self._data.labels,
            "temperature": 1.0,
            "problem_type": MULTI_LABEL if self._data.is_multi_label else SINGLE_LABEL,
        }
        if self._data.is_multi_label:
            manifest["threshold"] = THRESHOLD
        if self._calibration is not None:
            manifest["calibration"] = {"method": training.calibration, **self._calibration}
        if training.quantization is not None:
            manifest["quantization"] = training.quantization.model_dump()
        (output / "trueup.json").write_text(json.dumps(manifest, indent=1, ensure_ascii=False))
        save_weights(dict(self.model.head.named_parameters()), output / "head.safetensors")
        if self.start_head is not None and self.start_head.exists():
            copyfile(self.start_head, output / START_HEAD_FILE)
        copy_tokenizer(self._job.base.folder, output)
        save_trained(self.model.encoder, self._job, output)

    def _targets(self, rows: Sequence[TokenRow]) -> torch.Tensor:
        """Label numbers, int64 [rows]; of sets of labels, 0 and 1, float32 [rows, labels]."""
        if not self._data.is_multi_label:
            return torch.tensor([row["labels"] for row in rows], dtype=torch.long)
        targets = torch.zeros(len(rows), len(self._data.labels))
        for index, row in enumerate(rows):
            targets[index, row["labels"]] = 1.0
        return targets

    def _measure(self, rows: Sequence[TokenRow]) -> Metrics:
        if not rows:
            return {}
        features = self.features(rows)
        head = self.model.head
        with torch.inference_mode():
            logits = head(features.vectors.to(head.weight.device)).cpu()
            return measures.of_logits(logits, features.labels)


def open_learner(job: TrainJob, folder: JobFolder) -> ClassificationLearner:
    """Read the rows, load the base, start the head, and add what the method trains."""
    data = read_labelled(job)
    rows, labels = data.tokens["train"], data.labels
    said = f"{len(rows)} rows, {len(labels)} labels{lengths.cut_words(rows)}{data.left_out_words}"
    folder.progress("loading", 0, 1, message=said)
    quantization = job.training.quantization
    encoder = build_encoder(job.base.folder, name=job.base.model, quantization=quantization)
    head = nn.Linear(encoder.config.hidden_size, len(labels))
    model = ClassificationModel(encoder, head, pooling_of(job))
    model.token_dropout = job.training.head.token_dropout
    learner = ClassificationLearner(job, data, model)
    learner.frozen = FeatureStore(job, model.pooling)
    model.lower = find_lower_blocks(encoder, job, list(data.tokens.values()))
    if job.training.method == "linear-probe":
        if is_first():
            folder.progress("probing", 0, 1, message="features of the frozen base")
            found = probe(*map(learner.features, data.tokens.values()), label_count=len(labels))
            head.load_state_dict(found.state_dict())
        model.requires_grad_(requires_grad=False)
        return learner
    # A checkpoint holds the head as it went on from the probe: resuming need not probe again. Of
    # several processes the first probes; its weights are everybody's when the steps begin.
    if (
        job.training.head.init == "linear-probe"
        and is_first()
        and newest_whole(folder.checkpoints) is None
    ):
        folder.progress("probing", 0, 1, message="features of the frozen base")
        start = fit_linear(learner.features(learner.rows), label_count=len(labels), l2=START_L2)
        head.load_state_dict(start.state_dict())
        # What the base as it is answers with, where a gate compares with it.
        save_weights(dict(start.named_parameters()), folder.path / START_HEAD_FILE)
    learner.start_head = folder.path / START_HEAD_FILE
    learner.frozen = None
    learner.run_lower_blocks()
    model.encoder = adapt(encoder, job, task_type="FEATURE_EXTRACTION")
    learner.leave_out_lower_blocks()
    return learner


def _in_batches(rows: Sequence[TokenRow]) -> Iterator[list[int]]:
    """Numbers of the rows, those of like length together, the longest first."""
    order = sorted(range(len(rows)), key=lambda index: -len(rows[index]["input_ids"]))
    for start in range(0, len(order), EMBED_BATCH):
        yield order[start : start + EMBED_BATCH]


def token_rows(job: TrainJob) -> dict[str, list[TokenRow]]:
    """The tokenised rows of ``train`` and ``validation``, each checked; no weights are loaded.

    Raises:
        TrainingError: When a row, a label or ``max_length`` does not fit.
    """
    return read_labelled(job).tokens
