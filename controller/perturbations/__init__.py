"""Perturbations: ways in which a text can be written differently while its meaning stays.

Training adds perturbed copies of rows (``training.mitigation.augment``); evaluation may measure a
version on them. One file each, with one function ``perturb(text, rng) -> text``; the same text and
the same state of ``rng`` always give the same. A text that a perturbation has nothing to do with
comes back as it is. Nothing here needs torch.
"""

from collections.abc import Callable, Mapping
from random import Random

from controller.perturbations import (
    casing,
    counterfactual_gender,
    counterfactual_nationality,
    typos,
)

Perturb = Callable[[str, Random], str]

PERTURBATIONS: Mapping[str, Perturb] = {
    "typos": typos.perturb,
    "casing": casing.perturb,
    "counterfactual.gender": counterfactual_gender.perturb,
    "counterfactual.nationality": counterfactual_nationality.perturb,
}
"""Every perturbation, by the name that a spec uses."""
