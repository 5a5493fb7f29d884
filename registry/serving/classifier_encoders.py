"""Encoders: one base model in memory, many versions over it.

A base is read once per base folder. LoRA adapters are loaded beside each other under names and
switched under a lock, so that a version never answers with another version's adapter, and a
version without an adapter (``linear-probe``) sees the untouched base.
"""

import inspect
import threading
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import nn
from transformers import AutoConfig, AutoModel
from transformers.utils import logging

from registry.errors import BaseModelError

ADAPTER_FILE = "adapter_model.safetensors"


class Encoder(Protocol):
    """What a classifier needs: token ids in, one vector per token out."""

    hidden_size: int
    pad_id: int

    def hidden(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Last hidden states, [rows, width, hidden size]."""
        ...

    def close(self) -> None:
        """Give back what this encoder holds; it must not be used again."""
        ...


def build_encoder(base_folder: Path) -> nn.Module:
    """Load the encoder of ``base_folder`` in float32, without pooler or head, in eval mode.

    Raises:
        BaseModelError: When the architecture has no encoder that can be pooled.
    """
    config = AutoConfig.from_pretrained(base_folder)
    kind = AutoModel._model_mapping.get(type(config), None)  # noqa: SLF001  (no public look-up)
    if kind is None or config.is_encoder_decoder or not hasattr(config, "hidden_size"):
        fix = "choose an encoder such as sentence-transformers/all-MiniLM-L6-v2"
        problem = f"its architecture {config.model_type!r} does not fit text-classification"
        raise BaseModelError(str(base_folder), problem, fix=fix)
    options: dict[str, Any] = {"dtype": torch.float32, "use_safetensors": True}
    # A pooler would be loaded, never trained, and saved: heads here pool by themselves.
    if "add_pooling_layer" in inspect.signature(kind.__init__).parameters:
        options["add_pooling_layer"] = False
    logging.set_verbosity_error()  # the absent pooler is on purpose, and not worth a report
    logging.disable_progress_bar()
    model: nn.Module = kind.from_pretrained(base_folder, **options)
    return model.eval()


def pooled(hidden: torch.Tensor, mask: torch.Tensor, pooling: str) -> torch.Tensor:
    """One vector per row: the mean over real tokens (``mean``), or the first token (``cls``)."""
    if pooling == "cls":
        return hidden[:, 0]
    weights = mask.unsqueeze(-1).to(hidden.dtype)
    return (hidden * weights).sum(1) / weights.sum(1).clamp(min=1)


class EncoderPool:
    """Encoders by base folder; several versions share one base in memory."""

    def __init__(self) -> None:
        self._bases: dict[Path, SharedBase] = {}
        self._lock = threading.Lock()

    def adapted(self, base_folder: Path, adapter_folder: Path | None) -> Encoder:
        """The base with the adapter in ``adapter_folder``; None: the base as it is."""
        with self._lock:
            base = self._bases.get(base_folder)
            if base is None:
                base = self._bases[base_folder] = SharedBase(build_encoder(base_folder))
            return AdaptedEncoder(self, base_folder, base, base.add(adapter_folder))

    def full(self, folder: Path) -> Encoder:
        """An encoder with weights of its own."""
        return OwnEncoder(build_encoder(folder))

    def loaded(self) -> dict[Path, int]:
        """Base folders in memory, and how many versions use each."""
        with self._lock:
            return {folder: base.users for folder, base in self._bases.items()}

    def release(self, base_folder: Path, adapter: str | None) -> None:
        """Take one user off a base; a base without users is freed."""
        with self._lock:
            base = self._bases[base_folder]
            base.remove(adapter)
            if base.users == 0:
                del self._bases[base_folder]


class SharedBase:
    """One base model and the adapters on it. Forward passes take turns."""

    def __init__(self, model: nn.Module) -> None:
        """``model`` must not be used by anybody else: adapters are put into it."""
        self.config: Any = model.config
        self.users = 0
        self._plain = model
        self._peft: Any = None
        self._active: str | None = None
        self._count = 0
        self._lock = threading.Lock()

    def add(self, adapter_folder: Path | None) -> str | None:
        """Load an adapter and return its name here; None stands for the untouched base."""
        with self._lock:
            name = None if adapter_folder is None else self._load(adapter_folder)
            self.users += 1
            return name

    def remove(self, adapter: str | None) -> None:
        """Forget an adapter; the others, and the base, stay as they are."""
        with self._lock:
            self.users -= 1
            if adapter is None:
                return
            self._active = None
            if len(self._peft.peft_config) > 1:
                self._peft.delete_adapter(adapter)
            else:
                # PEFT cannot run without any adapter: take its layers out again.
                self._plain, self._peft = self._peft.unload(), None

    def forward(self, adapter: str | None, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Last hidden states with exactly ``adapter``, whatever else is loaded."""
        with self._lock:
            if self._peft is None:
                return _last_hidden(self._plain, ids, mask)
            if adapter is not None and adapter != self._active:
                self._peft.set_adapter(adapter)
                self._active = adapter
            choice = self._peft.disable_adapter() if adapter is None else nullcontext()
            with choice:
                return _last_hidden(self._peft, ids, mask)

    def _load(self, folder: Path) -> str:
        if not (folder / ADAPTER_FILE).is_file():
            fix = "retrain the version: an adapter is safetensors and nothing else"
            raise BaseModelError(str(folder), f"has no {ADAPTER_FILE}", fix=fix)
        from peft import PeftModel  # noqa: PLC0415  (costs 5 CPU seconds; not all versions need it)

        name = f"version{self._count}"
        self._count += 1
        if self._peft is None:
            self._peft = PeftModel.from_pretrained(self._plain, folder, adapter_name=name)
        else:
            self._peft.load_adapter(folder, adapter_name=name)
        self._peft.eval()
        self._active = None
        return name


class AdaptedEncoder:
    """One version's view of a shared base."""

    def __init__(
        self, pool: EncoderPool, base_folder: Path, base: SharedBase, adapter: str | None
    ) -> None:
        """Made by the pool, which counts the users of each base."""
        self.hidden_size: int = base.config.hidden_size
        self.pad_id: int = base.config.pad_token_id or 0
        self._give_back = partial(pool.release, base_folder, adapter)
        self._base = base
        self._adapter = adapter

    def hidden(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Last hidden states, [rows, width, hidden size]."""
        return self._base.forward(self._adapter, ids, mask)

    def close(self) -> None:
        """Unload the adapter; the base goes with its last user."""
        self._give_back()


class OwnEncoder:
    """An encoder that nobody shares: fully fine-tuned weights, or a model in training."""

    def __init__(self, model: nn.Module) -> None:
        """``model`` is a transformers (or PEFT) encoder."""
        self.hidden_size: int = model.config.hidden_size
        self.pad_id: int = model.config.pad_token_id or 0
        self._model = model

    def hidden(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Last hidden states, [rows, width, hidden size]."""
        return _last_hidden(self._model, ids, mask)

    def close(self) -> None:
        """Nothing to give back: memory goes with the object."""


def _last_hidden(model: nn.Module, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    hidden: torch.Tensor = model(input_ids=ids, attention_mask=mask).last_hidden_state
    return hidden
