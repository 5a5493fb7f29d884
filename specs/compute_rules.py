"""Rules about ``spec.compute``: what an executor can do with this training."""

from collections.abc import Iterator

from specs.model import Spec
from specs.problems import Problem

COMPUTE = ("spec", "compute")


def compute_fits(spec: Spec) -> Iterator[Problem]:
    """Nothing of ``compute`` is declared to an executor that would ignore it."""
    compute = spec.compute
    if compute.executor == "local" and compute.processes > 1:
        text = "executor local is one process"
        yield Problem((*COMPUTE, "processes"), text, "set executor: torchrun, or processes: 1")
    if compute.executor != "ray" and compute.resources:
        text = f"resources are for executor ray; {compute.executor} would ignore them"
        yield Problem((*COMPUTE, "resources"), text, "remove it, or set executor: ray", at_key=True)
    yield from _a_step_divides(spec)


def _a_step_divides(spec: Spec) -> Iterator[Problem]:
    # Equal shares only: so N processes take the very steps that one would.
    arguments, processes = spec.training.arguments, spec.compute.processes
    rows = arguments.per_device_train_batch_size * arguments.gradient_accumulation_steps
    if rows % processes:
        text = f"{processes} processes cannot share the {rows} rows of a step equally"
        fix = "let per_device_train_batch_size * gradient_accumulation_steps be a multiple of it"
        yield Problem((*COMPUTE, "processes"), text, fix)
