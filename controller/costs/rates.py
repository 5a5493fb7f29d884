"""How fast a machine works through a recipe, and how that is learnt from what earlier runs took.

A run's record keeps the rates that its plan used. What it then took, divided by what was planned,
corrects those rates for the next plan. Pure.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from statistics import median
from typing import Any

from specs.digest import digest_of
from specs.names import Digest
from specs.training import Training

REMEMBERED_RUNS = 5
"""Of the newest runs, at most so many are learnt from: machines and libraries change."""
FARTHEST = 10.0
"""A run is no evidence about one that is so many times larger or smaller."""
NOT_COSTLY = {
    "num_train_epochs", "max_steps", "learning_rate", "per_device_train_batch_size",
    "gradient_accumulation_steps", "weight_decay", "warmup_steps", "max_grad_norm",
    "lr_scheduler_type", "max_length", "save_steps", "logging_steps",
}  # fmt: skip
"""Arguments whose effect is counted as work, or that cost nothing; the others make a recipe."""


@dataclass(frozen=True)
class Rates:
    """What turns counted work into seconds and bytes."""

    start_cpu_seconds: float
    """From the process's start to the first row, base loaded."""
    forward_flops: float
    """Floating-point operations a CPU second, forward only."""
    training_flops: float
    """The same, forward and backward."""
    step_cpu_seconds: float
    """Of each batch, however small it is."""
    wall_ratio: float
    """Wall seconds a CPU second: below 1 with several threads, above on a busy machine."""
    fixed_bytes: float
    """Peak memory less what grows with the batch."""
    bytes_per_token: float
    """What grows with the batch, by each of its padded tokens."""
    artifact_bytes: float | None
    """What a version's files take, where that was seen."""
    spread: float
    """Times are right within a factor of 1 + ``spread``, nearly always."""
    memory_spread: float
    basis: str
    """How they are known."""


TYPICAL = Rates(
    start_cpu_seconds=7.0,
    forward_flops=5e10,
    training_flops=4e10,
    step_cpu_seconds=0.02,
    wall_ratio=1.3,
    fixed_bytes=6e8,
    bytes_per_token=3e5,
    artifact_bytes=None,
    spread=2.0,
    memory_spread=0.5,
    basis="typical of CPUs with AVX-512",
)
"""For runs that are over before a calibration would be."""


def recipe_key(
    training: Training, *, base: str, machine: str, processes: int, strategy: str = "ddp"
) -> Digest:
    """What two runs must have in common for one to be evidence about the other."""
    arguments = training.arguments.model_dump(mode="json", exclude=NOT_COSTLY)
    adapts = training.method in {"lora", "qlora"}
    quantization = training.quantization
    return digest_of(
        {
            "base": base,
            "machine": machine,
            "processes": processes,
            "method": training.method,
            "lora": training.lora.model_dump(mode="json") if adapts else None,
            "quantization": quantization.model_dump(mode="json") if quantization else None,
            "arguments": arguments,
        }
        | ({} if strategy == "ddp" else {"strategy": strategy})
    )


@dataclass(frozen=True)
class Past:
    """An earlier run: what was planned for it, by which rates, and what it took."""

    key: str
    rates: Rates
    planned: Mapping[str, float]
    """``cpu_seconds``, ``fit_cpu_seconds``, ``peak_memory_bytes``, ``flops``."""
    actual: Mapping[str, float]
    """The same without ``flops``, and ``seconds``, ``artifact_bytes``."""

    @classmethod
    def of(cls, training: Mapping[str, Any], *, artifact_bytes: int) -> "Past | None":
        """Read it from what a version keeps of its training; None when that does not suffice."""
        planned = training.get("planned") or {}
        try:
            rates = Rates(**planned["rates"])
            figures = {name: float(one["value"]) for name, one in planned["figures"].items()}
            known = {"fit_cpu_seconds", "flops"}
            figures |= {name: float(planned["work"][name]) for name in known}
            actual = {
                "seconds": float(training.get("run_seconds") or training["duration_seconds"]),
                "cpu_seconds": float(training["cpu_seconds"]),
                "fit_cpu_seconds": float(training["fit_cpu_seconds"]),
                "peak_memory_bytes": float(training["peak_memory_bytes"]),
                "artifact_bytes": float(artifact_bytes),
            }
        except (KeyError, TypeError, ValueError):
            return None
        return cls(str(planned.get("key")), rates, figures, actual)

    @property
    def corrected(self) -> Rates:
        """The rates by which the plan would have been right."""
        fit = _ratio(self.actual, self.planned, "fit_cpu_seconds")
        others = _rest(self.actual) / max(_rest(self.planned), 1e-3)
        rates = self.rates
        over = self.actual["peak_memory_bytes"] - self.planned["peak_memory_bytes"]
        return replace(
            rates,
            start_cpu_seconds=rates.start_cpu_seconds * others,
            forward_flops=rates.forward_flops / others,
            training_flops=rates.training_flops / fit,
            step_cpu_seconds=rates.step_cpu_seconds * fit,
            wall_ratio=self.actual["seconds"] / max(self.actual["cpu_seconds"], 1e-3),
            fixed_bytes=max(rates.fixed_bytes + over, 1e8),
            artifact_bytes=self.actual["artifact_bytes"],
        )


def learn(runs: Sequence[Past], *, key: str, flops: float) -> Rates | None:
    """Rates from earlier ``runs``, newest first, of the recipe ``key``; None when there are none.

    ``flops`` is the work at hand: runs of quite another size do not count.
    """
    alike = [
        run
        for run in runs
        if run.key == key and flops / FARTHEST <= run.planned["flops"] <= flops * FARTHEST
    ][:REMEMBERED_RUNS]
    if not alike:
        return None
    found = [asdict(run.corrected) for run in alike]
    middle = {
        name: median(one[name] for one in found)
        for name, value in found[0].items()
        if isinstance(value, float)
    }
    count = len(alike)
    basis = f"{count} earlier run{'s' if count > 1 else ''} on this machine"
    spread = max([0.2, *(abs(_drift(one, middle)) for one in found)])
    return Rates(**middle | {"spread": spread, "memory_spread": 0.1, "basis": basis})


def _drift(one: Mapping[str, Any], middle: Mapping[str, float]) -> float:
    return float(one["wall_ratio"]) / middle["wall_ratio"] - 1


def _rest(seconds: Mapping[str, float]) -> float:
    return max(seconds["cpu_seconds"] - seconds["fit_cpu_seconds"], 1e-3)


def _ratio(actual: Mapping[str, float], planned: Mapping[str, float], name: str) -> float:
    # A linear probe has no fit; nothing is learnt about one from it.
    return actual[name] / planned[name] if planned[name] > 0 and actual[name] > 0 else 1.0
