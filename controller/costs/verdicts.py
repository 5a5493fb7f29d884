"""Whether a planned run fits the machine and its time limit: refused, warned of, or fine. Pure."""

from dataclasses import dataclass

from controller.costs.estimates import Figure, Run, estimate
from controller.costs.machine import DECLARED_BOUND, GIB
from controller.costs.rates import Rates
from controller.costs.remedies import Remedy, remedies
from controller.costs.workload import Lengths
from controller.errors import TrainingError

MOST_REMEDIES = 3


@dataclass(frozen=True)
class Limits:
    """What a run may take."""

    memory_bytes: int
    memory_basis: str
    free_bytes: int
    """Of memory that nobody uses now."""
    timeout_minutes: float
    processes: int


def judge(run: Run, rates: Rates, lengths: Lengths, limits: Limits) -> list[str]:
    """Warnings about ``run``; empty when it fits.

    Refused is only what cannot fit even if everything goes well: the limit is what the machine
    can never give, not what somebody else happens to use now.

    Raises:
        TrainingError: ``MemoryInsufficient``, with what would suffice.
    """
    found = estimate(run, rates)
    memory, seconds = found.figures["peak_memory_bytes"], found.figures["seconds"]
    limit = float(limits.memory_bytes)
    fitting = []
    if memory.high > limit:
        fitting = remedies(run, rates, lengths, limit=limit, processes=limits.processes)
    fix = _fix(fitting, run, rates, basis=limits.memory_basis)
    if memory.low > limit:
        problem = f"training needs {_told(memory)} of memory; {limits.memory_basis} is {gib(limit)}"
        raise TrainingError(problem, reason="MemoryInsufficient", fix=fix)
    warnings = []
    if memory.high > limit:
        warnings.append(
            f"memory may not suffice: {_told(memory)} of {gib(limit)} ({limits.memory_basis});"
            f" {fix}"
        )
    elif memory.value > limits.free_bytes:
        free = gib(limits.free_bytes)
        warnings.append(f"only {free} of memory are free now; it needs {_told(memory)}")
    if seconds.high > limits.timeout_minutes * 60:
        warnings.append(
            f"it may take {seconds.high / 60:.0f} minutes;"
            f" compute.timeout_minutes stops it after {limits.timeout_minutes:g}"
        )
    return warnings


def gib(size: float) -> str:
    """A size in GiB, with the digits that matter."""
    return f"{size / GIB:.1f} GiB" if size >= GIB else f"{size / 2**20:.0f} MiB"


def _told(memory: Figure) -> str:
    return f"{gib(memory.value)} ({gib(memory.low)} to {gib(memory.high)})"


def _fix(fitting: list[Remedy], run: Run, rates: Rates, *, basis: str) -> str:
    is_declared = basis == DECLARED_BOUND
    if not fitting:
        more = f"raise {basis}" if is_declared else "train on a machine with more memory"
        return f"{more}, or choose a smaller base"
    now = estimate(run, rates).figures["seconds"].value
    told = [
        f"{one.change} ({gib(one.estimate.figures['peak_memory_bytes'].value)},"
        f" {one.estimate.figures['seconds'].value / max(now, 1e-9):.1f}x the time)"
        for one in fitting[:MOST_REMEDIES]
    ]
    others = f"; or raise {basis}" if is_declared else ""
    return "one of these suffices: " + "; ".join(told) + others
