"""A classification version as a thing that answers: texts in, probabilities out.

Training, evaluation and the gateway all predict through this one class, so that what was measured
is what serves. The number of torch threads is the caller's to set.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file

from registry.serving.attribution import Attributed, ToAttribute, integrated_gradients
from registry.serving.classifier_encoders import EncoderPool, build_encoder, pooled
from registry.serving.engine_bases import ModelView
from registry.serving.quantized_bases import declared_quantization
from registry.serving.tokens import Ids, Placed, Side, TextTokenizer, padded
from specs.training import Quantization

__all__ = [
    "Classifier",
    "EncoderPool",
    "Manifest",
    "Predictions",
    "build_encoder",
    "load_classifier",
    "load_start",
    "pooled",
    "read_manifest",
]

MANIFEST_FILE = "trueup.json"
HEAD_FILE = "head.safetensors"
START_HEAD_FILE = "start_head.safetensors"
"""The head that training started from: a linear probe on the base as it is."""
ADAPTER_METHODS = ("lora", "qlora")
SINGLE_LABEL = "single_label_classification"
MULTI_LABEL = "multi_label_classification"
"""transformers' words for the two kinds (``config.problem_type``)."""
MASKS = ("[MASK]", "<mask>")
"""What vocabularies call the token that stands for a hidden word."""
THRESHOLD = 0.5
"""The probability from which a label of a set is answered."""


@dataclass(frozen=True)
class Manifest:
    """``trueup.json`` of a classification version: what the weights alone do not say."""

    method: str
    pooling: str
    max_length: int
    labels: tuple[str, ...]
    """In the order of the logits."""
    temperature: float = 1.0
    truncation: Side = "right"
    """Which end of a longer text is cut, as it was in training."""
    problem_type: str = SINGLE_LABEL
    """``SINGLE_LABEL`` or ``MULTI_LABEL``."""
    threshold: float = THRESHOLD
    """Multi-label: the probability from which a label is answered."""
    quantization: Quantization | None = None
    """How the base is held, when the version was trained on it so."""


@dataclass(frozen=True)
class Predictions:
    """One row per text, in the order they were given."""

    probabilities: np.ndarray
    """float32 [texts, labels]; each row sums to 1, or is one chance per label in multi-label."""
    labels: list[str]
    """The label of each column."""
    embeddings: np.ndarray
    """float32 [texts, hidden size]: the pooled vectors the head saw, from the same pass."""

    @property
    def best(self) -> list[str]:
        """The most probable label of each text."""
        return [self.labels[index] for index in self.probabilities.argmax(axis=1)]


class Classifier:
    """An encoder, a pooling and a linear head."""

    def __init__(
        self,
        encoder: ModelView,
        head: torch.nn.Linear,
        tokenizer: TextTokenizer,
        manifest: Manifest,
    ) -> None:
        """``head`` has one output per label of ``manifest``."""
        self.manifest = manifest
        self._encoder = encoder
        self._pad_id: int = encoder.config.pad_token_id or 0
        self._head = head
        self._tokenizer = tokenizer

    @property
    def labels(self) -> list[str]:
        """Labels in the order of the probabilities' columns."""
        return list(self.manifest.labels)

    @property
    def is_multi_label(self) -> bool:
        """Whether a text has a set of labels instead of one."""
        return self.manifest.problem_type == MULTI_LABEL

    def predict(self, texts: Sequence[str], *, batch_size: int = 32) -> Predictions:
        """Classify ``texts``; batches are made of texts of like length, answers keep the order."""
        return self.predict_ids(self.ids(texts), batch_size=batch_size)

    def ids(self, texts: Sequence[str]) -> list[Ids]:
        """What the version sees of ``texts``: those with the same ids get the same answer."""
        return self._tokenizer.ids(texts)

    def predict_ids(self, rows: Sequence[Ids], *, batch_size: int = 32) -> Predictions:
        """Classify texts as their ids."""
        order = sorted(range(len(rows)), key=lambda index: len(rows[index]), reverse=True)
        probabilities = np.zeros((len(rows), len(self.manifest.labels)), dtype=np.float32)
        embeddings = np.zeros((len(rows), self._head.in_features), dtype=np.float32)
        for start in range(0, len(order), batch_size):
            chosen = order[start : start + batch_size]
            vectors, chances = self._predict_batch([rows[index] for index in chosen])
            probabilities[chosen] = chances
            embeddings[chosen] = vectors
        return Predictions(probabilities, self.labels, embeddings)

    def placed(self, texts: Sequence[str]) -> list[Placed]:
        """What the version sees of ``texts``, and where each token stands in its text."""
        return self._tokenizer.placed(texts)

    @property
    def blank(self) -> tuple[int, str]:
        """The token that stands for no word, and its name: the mask, or padding without one."""
        for name in MASKS:
            number = self._tokenizer.id_of(name)
            if number is not None:
                return number, name
        return self._pad_id, "padding"

    def attribute(self, rows: Sequence[Placed], columns: Sequence[int]) -> list[Attributed]:
        """What each token gives the label of a column: integrated gradients of its log odds.

        Raises:
            BaseModelError: The architecture takes no embeddings as input.
        """
        blank, _name = self.blank
        asked = [
            ToAttribute(row.ids, row.is_special, column)
            for row, column in zip(rows, columns, strict=True)
        ]
        with self._encoder.model() as model:
            return integrated_gradients(
                model, self._log_odds, asked, pad_id=self._pad_id, blank_id=blank
            )

    def _log_odds(
        self, hidden: torch.Tensor, mask: torch.Tensor, columns: torch.Tensor
    ) -> torch.Tensor:
        """Logarithm of p / (1 - p) of one label per row, without ever making p."""
        vectors = pooled(hidden, mask, self.manifest.pooling).cpu()
        logits = self._head(vectors) / self.manifest.temperature
        chosen = logits.gather(1, columns.unsqueeze(1)).squeeze(1)
        if self.is_multi_label:
            return chosen
        others = logits.scatter(1, columns.unsqueeze(1), -torch.inf)
        return chosen - others.logsumexp(1)

    def close(self) -> None:
        """Give back the encoder; the classifier must not be used again."""
        self._encoder.close()

    def _predict_batch(self, rows: Sequence[Ids]) -> tuple[np.ndarray, np.ndarray]:
        ids, mask = (torch.from_numpy(part) for part in padded(rows, pad_id=self._pad_id))
        with self._encoder.model() as model, torch.inference_mode():
            device = next(model.parameters()).device
            ids, mask = ids.to(device), mask.to(device)
            hidden = model(input_ids=ids, attention_mask=mask).last_hidden_state
            vectors = pooled(hidden, mask, self.manifest.pooling).cpu()
            logits = self._head(vectors) / self.manifest.temperature
            chances = logits.sigmoid() if self.is_multi_label else logits.softmax(-1)
            return vectors.numpy(), chances.numpy()


def load_classifier(
    version_folder: Path, base_folder: Path, *, pool: EncoderPool | None = None
) -> Classifier:
    """Load the version in ``version_folder`` over the base in ``base_folder``.

    Versions loaded with the same ``pool`` share each base in memory; ``close`` one to free its
    part. Without a pool the classifier has everything to itself.
    """
    manifest = read_manifest(version_folder)
    pool = pool or EncoderPool()
    if manifest.method == "full":
        encoder = pool.full(version_folder)
    else:
        has_adapter = manifest.method in ADAPTER_METHODS
        adapter = version_folder if has_adapter else None
        encoder = pool.adapted(base_folder, adapter, quantization=manifest.quantization)
    tokenizer = TextTokenizer(
        version_folder, max_length=manifest.max_length, cut=manifest.truncation
    )
    return Classifier(encoder, _load_head(version_folder / HEAD_FILE), tokenizer, manifest)


def load_start(version_folder: Path, base_folder: Path) -> Classifier:
    """Load the base as it is, with the head that the version's training started from."""
    manifest = read_manifest(version_folder)
    encoder = EncoderPool().adapted(base_folder, None, quantization=manifest.quantization)
    tokenizer = TextTokenizer(
        version_folder, max_length=manifest.max_length, cut=manifest.truncation
    )
    return Classifier(encoder, _load_head(version_folder / START_HEAD_FILE), tokenizer, manifest)


def read_manifest(version_folder: Path) -> Manifest:
    """Read ``trueup.json`` of a classification version."""
    found: dict[str, Any] = json.loads((version_folder / MANIFEST_FILE).read_text())
    return Manifest(
        method=found["method"],
        pooling=found["pooling"],
        max_length=found["max_length"],
        labels=tuple(found["labels"]),
        temperature=found["temperature"],
        truncation=found.get("truncation", "right"),
        problem_type=found.get("problem_type", SINGLE_LABEL),
        threshold=found.get("threshold", THRESHOLD),
        quantization=declared_quantization(found),
    )


def _load_head(file: Path) -> torch.nn.Linear:
    tensors = load_file(file)
    labels, hidden = tensors["weight"].shape
    head = torch.nn.Linear(hidden, labels)
    head.load_state_dict(tensors)
    return head.requires_grad_(requires_grad=False)
