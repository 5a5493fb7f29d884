"""What a job has used, over all its attempts."""

import os
import platform
import resource
import time
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import torch

from controller.training.methods.precision import Precision

LIBRARIES = (
    "torch",
    "transformers",
    "peft",
    "accelerate",
    "safetensors",
    "tokenizers",
    "numpy",
    "bitsandbytes",
)


class Spent:
    """Wall and CPU seconds since the process started, and those of earlier attempts."""

    def __init__(self) -> None:
        self._started = time.monotonic()
        self._earlier = {"duration_seconds": 0.0, "cpu_seconds": 0.0, "fit_cpu_seconds": 0.0}
        self._is_carried = False
        self._cpu_before = 0.0
        self._fit_started: float | None = None
        self._fit = 0.0

    def resume(self, facts: Mapping[str, Any]) -> None:
        """Count what an interrupted attempt had spent when its checkpoint was sealed."""
        if not self._is_carried:
            self._earlier = {name: float(facts.get(name, 0.0)) for name in self._earlier}

    def carry(self, used: Mapping[str, Any]) -> None:
        """Go on from what this same process had ``used`` before it started itself anew."""
        if used["pid"] == os.getpid():
            self._earlier = dict(used["spent"])
            self._cpu_before = float(used["cpu_seconds"])
            self._is_carried = True

    def used(self) -> dict[str, Any]:
        """What ``carry`` wants, at the last moment before this process starts itself anew."""
        return {"pid": os.getpid(), "cpu_seconds": time.process_time(), "spent": self.now()}

    def start_fit(self) -> None:
        """From here on CPU time is the fit's own."""
        self._fit_started = time.process_time()

    def end_fit(self) -> None:
        """The fit is over."""
        self._fit = self._fit_now()
        self._fit_started = None

    def now(self) -> dict[str, float]:
        """Everything so far."""
        current = {
            "duration_seconds": time.monotonic() - self._started,
            "cpu_seconds": time.process_time() - self._cpu_before,
            "fit_cpu_seconds": self._fit_now(),
        }
        return {name: self._earlier[name] + value for name, value in current.items()}

    def _fit_now(self) -> float:
        return self._fit if self._fit_started is None else time.process_time() - self._fit_started


def peak_memory_bytes() -> int:
    """The most resident memory this process ever had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def libraries() -> dict[str, str]:
    """Versions of what decides the weights."""
    found = {}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def machine(threads: int, precision: Precision) -> dict[str, Any]:
    """What the exact bytes of the weights depend on, beside the libraries."""
    return {
        "platform": platform.platform(),
        "processor": torch.backends.cpu.get_cpu_capability(),
        "python": platform.python_version(),
        "threads": threads,
        "device": precision.device,
        "precision": precision.format,
    }
