"""One base model in memory, many versions over it.

A base is read once per base folder and quantization. LoRA adapters are loaded beside each other
under names and switched under a lock, so that a version never answers with another version's
adapter, and a version without an adapter (``linear-probe``) sees the untouched base.
"""

import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from torch import nn

from registry.errors import BaseModelError
from specs.training import Quantization

ADAPTER_FILE = "adapter_model.safetensors"

LOADING = threading.Lock()
"""Held while weights are read. transformers swaps methods of its model classes meanwhile (weights
are not tied, for one); two loads at once would leave them swapped, and tied bases, all those that
come later too, would answer nonsense."""


@contextmanager
def quiet_peft() -> Iterator[None]:
    """Without the warning that PEFT 0.21 draws from transformers 5.23 by using an old name."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".is_gradient_checkpointing.", FutureWarning)
        yield


class ModelView(Protocol):
    """One version's view of a model in memory."""

    config: Any
    """The transformers config of the base."""

    def model(self) -> AbstractContextManager[nn.Module]:
        """The model with exactly this version's weights, for the time of the ``with`` block."""
        ...

    def close(self) -> None:
        """Give back what this view holds; it must not be used again."""
        ...


class Build(Protocol):
    """Loads the base of a folder, in eval mode."""

    def __call__(self, folder: Path, /, *, quantization: Quantization | None) -> nn.Module:
        """The base, its linear layers held as ``quantization`` says."""
        ...


BaseKey = tuple[Path, Quantization | None]
"""A base in memory: its folder, and how its weights are held."""


class BasePool:
    """Base models by folder and quantization; several versions share one base in memory."""

    def __init__(self, build: Build) -> None:
        """``build`` loads the base of a folder, in eval mode."""
        self._build = build
        self._bases: dict[BaseKey, SharedBase] = {}
        self._lock = threading.Lock()

    def adapted(
        self,
        base_folder: Path,
        adapter_folder: Path | None,
        *,
        quantization: Quantization | None = None,
    ) -> ModelView:
        """The base with the adapter in ``adapter_folder``; None: the base as it is."""
        key = base_folder, quantization
        with self._lock:
            base = self._bases.get(key)
            if base is None:
                base = SharedBase(self._load(base_folder, quantization))
            adapter = base.add(adapter_folder)
            self._bases[key] = base
            return SharedView(base, adapter, partial(self._release, key, adapter))

    def full(self, folder: Path) -> ModelView:
        """A model with weights of its own, in ``folder``."""
        return OwnView(self._load(folder, None))

    def loaded(self) -> dict[Path, int]:
        """Base folders in memory, and how many versions use each."""
        found: dict[Path, int] = {}
        with self._lock:
            for (folder, _), base in self._bases.items():
                found[folder] = found.get(folder, 0) + base.users
        return found

    def _load(self, folder: Path, quantization: Quantization | None) -> nn.Module:
        with LOADING:
            return self._build(folder, quantization=quantization)

    def _release(self, key: BaseKey, adapter: str | None) -> None:
        with self._lock:
            base = self._bases[key]
            base.remove(adapter)
            if base.users == 0:
                del self._bases[key]


class SharedBase:
    """One base model and the adapters on it. Those who use it take turns."""

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

    @contextmanager
    def using(self, adapter: str | None) -> Iterator[nn.Module]:
        """The model with exactly ``adapter``, whatever else is loaded; nobody else has it now."""
        with self._lock:
            if self._peft is None:
                yield self._plain
                return
            if adapter is not None and adapter != self._active:
                self._peft.set_adapter(adapter)
                self._active = adapter
            with self._peft.disable_adapter() if adapter is None else nullcontext():
                yield self._peft

    def _load(self, folder: Path) -> str:
        from peft import PeftModel  # noqa: PLC0415  (costs CPU seconds; not all versions need it)

        if not (folder / ADAPTER_FILE).is_file():
            fix = "retrain the version: an adapter is safetensors and nothing else"
            raise BaseModelError(str(folder), f"has no {ADAPTER_FILE}", fix=fix)
        name = f"version{self._count}"
        self._count += 1
        with LOADING, quiet_peft():
            if self._peft is None:
                self._peft = PeftModel.from_pretrained(self._plain, folder, adapter_name=name)
            else:
                self._peft.load_adapter(folder, adapter_name=name)
        self._peft.eval()
        self._active = None
        return name


class SharedView:
    """One version's view of a shared base."""

    def __init__(self, base: SharedBase, adapter: str | None, release: Callable[[], None]) -> None:
        """Made by the pool, which counts the users of each base."""
        self.config: Any = base.config
        self._base = base
        self._adapter = adapter
        self._release = release

    def model(self) -> AbstractContextManager[nn.Module]:
        """The base with this version's adapter; others wait until the block ends."""
        return self._base.using(self._adapter)

    def close(self) -> None:
        """Unload the adapter; the base goes with its last user."""
        self._release()


class OwnView:
    """A model that nobody shares: fully fine-tuned weights."""

    def __init__(self, model: nn.Module) -> None:
        """``model`` is a transformers model."""
        self.config: Any = model.config
        self._model = model

    def model(self) -> AbstractContextManager[nn.Module]:
        """The model; it holds no state between calls, so nobody waits."""
        return nullcontext(self._model)

    def close(self) -> None:
        """Nothing to give back: memory goes with the object."""
