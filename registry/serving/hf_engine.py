"""The engine over torch: classifiers and generators, many versions over one base in memory.

Import this only where a version is about to be loaded: it brings torch.
"""

import importlib
import json
import threading
import weakref
from collections.abc import Sequence
from pathlib import Path
from queue import SimpleQueue
from typing import Any, Protocol

import torch

from registry.bases import resolve_base
from registry.serving.classifier import (
    ADAPTER_METHODS,
    MANIFEST_FILE,
    Classifier,
    EncoderPool,
    load_classifier,
)
from registry.serving.engine import Classified, Generated, Labelled, LoadedModel, Prediction
from registry.serving.generator import Generator, GeneratorPool, load_generator
from registry.settings import Settings

MAX_NEW_TOKENS = 64


class Closable(Protocol):
    """What has a share in a base that must be given back."""

    def close(self) -> None:
        """Give it back."""


class HfEngine:
    """Loads versions with transformers and PEFT. Safe to call from several threads."""

    def __init__(self, settings: Settings, *, threads: int) -> None:
        """``threads`` is how many cores one forward pass may use."""
        torch.set_num_threads(threads)
        self._settings = settings
        self._encoders = EncoderPool()
        self._decoders = GeneratorPool()
        self._unheld: SimpleQueue[Closable] = SimpleQueue()
        threading.Thread(target=self._close_unheld, name="unload", daemon=True).start()

    def load(self, folder: Path) -> LoadedModel:
        """Load the version in ``folder`` over its base.

        Raises:
            BaseModelError: The base cannot be found, or does not fit.
        """
        manifest = json.loads((folder / MANIFEST_FILE).read_text())
        if manifest["method"] in ADAPTER_METHODS:
            # Costs seconds, once: not while the pool holds the base that others answer with.
            importlib.import_module("peft")
        base = folder if manifest["method"] == "full" else self._base_folder(manifest["base"])
        if manifest["task"] == "causal-lm":
            generator = load_generator(folder, base, pool=self._decoders)
            return self._close_when_unheld(_Generates(generator), generator)
        classifier = load_classifier(folder, base, pool=self._encoders)
        answers = _Labels(classifier) if classifier.is_multi_label else _Classifies(classifier)
        return self._close_when_unheld(answers, classifier)

    def _base_folder(self, base: dict[str, Any]) -> Path:
        return resolve_base(
            base["model"], base["revision"], repo_folder=None, settings=self._settings
        ).folder

    def _close_when_unheld(self, model: LoadedModel, closable: Closable) -> LoadedModel:
        """Give the share in the base back when nobody holds ``model`` any more.

        The last request in flight may hold it longer than the table does. Whoever lets go last
        must not wait for a pool's lock, so giving back has a thread of its own.
        """
        weakref.finalize(model, self._unheld.put, closable).atexit = False
        return model

    def _close_unheld(self) -> None:
        while True:
            self._unheld.get().close()


class _Classifies:
    def __init__(self, classifier: Classifier) -> None:
        self._classifier = classifier
        self.labels: Sequence[str] = classifier.labels

    def predict(self, texts: Sequence[str]) -> list[Prediction]:
        rows = self._classifier.predict(texts).probabilities
        best = rows.argmax(axis=1).tolist()
        return [
            Classified(self.labels[index], row[index], dict(zip(self.labels, row, strict=True)))
            for index, row in zip(best, rows.tolist(), strict=True)
        ]


class _Labels:
    def __init__(self, classifier: Classifier) -> None:
        self._classifier = classifier
        self.threshold = classifier.manifest.threshold
        self.labels: Sequence[str] = classifier.labels

    def predict(self, texts: Sequence[str]) -> list[Prediction]:
        rows = self._classifier.predict(texts).probabilities.tolist()
        return [self._answer(dict(zip(self.labels, row, strict=True))) for row in rows]

    def _answer(self, scores: dict[str, float]) -> Labelled:
        chosen = [label for label, score in scores.items() if score >= self.threshold]
        certain = min(score if score >= self.threshold else 1 - score for score in scores.values())
        return Labelled(chosen, scores, certain)


class _Generates:
    labels: Sequence[str] = ()

    def __init__(self, generator: Generator) -> None:
        self._generator = generator

    def predict(self, texts: Sequence[str]) -> list[Prediction]:
        completions = self._generator.generate(texts, max_new_tokens=MAX_NEW_TOKENS)
        return [Generated(text) for text in completions]
