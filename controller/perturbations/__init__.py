"""Perturbations: ways in which a text can be written differently while its meaning stays.

Training adds perturbed copies of rows (``training.mitigation.augment``); evaluation measures a
version on them (``evaluation.robustness``, ``evaluation.bias``). One file each, with one function
``perturb(text, rng) -> text``; the same text and the same state of ``rng`` always give the same. A
text that a perturbation has nothing to do with comes back as it is. Nothing here needs torch.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random

from controller.perturbations import (
    casing,
    contractions,
    counterfactual_age,
    counterfactual_gender,
    counterfactual_names,
    counterfactual_nationality,
    counterfactual_religion,
    lookalikes,
    ocr,
    punctuation,
    truncation,
    typos,
    whitespace,
    word_drop,
    word_swap,
)

Perturb = Callable[[str, Random], str]

NOISES: Mapping[str, Perturb] = {
    "typos": typos.perturb,
    "casing": casing.perturb,
    "punctuation": punctuation.perturb,
    "whitespace": whitespace.perturb,
    "word_drop": word_drop.perturb,
    "word_swap": word_swap.perturb,
    "contractions": contractions.perturb,
    "lookalikes": lookalikes.perturb,
    "ocr": ocr.perturb,
    "truncation": truncation.perturb,
}
"""Ways of writing that carelessness, machines or malice make of a text."""


@dataclass(frozen=True)
class Attribute:
    """A protected attribute, as words that can be swapped."""

    swap: Callable[[str], str]
    """Puts another group's words in place of one group's, everywhere in a text, and back."""
    frames: tuple[str, ...] = ()
    """Sentences that hold such a word, around the place of a row's own text, ``{text}``."""


ATTRIBUTES: Mapping[str, Attribute] = {
    "gender": Attribute(counterfactual_gender.SWAP, counterfactual_gender.FRAMES),
    "nationality": Attribute(counterfactual_nationality.SWAP, counterfactual_nationality.FRAMES),
    "religion": Attribute(counterfactual_religion.SWAP, counterfactual_religion.FRAMES),
    "age": Attribute(counterfactual_age.SWAP, counterfactual_age.FRAMES),
    "names": Attribute(counterfactual_names.SWAP, counterfactual_names.FRAMES),
}
"""The attributes whose words are built in. English."""

PERTURBATIONS: Mapping[str, Perturb] = {
    **NOISES,
    "counterfactual.gender": counterfactual_gender.perturb,
    "counterfactual.nationality": counterfactual_nationality.perturb,
    "counterfactual.religion": counterfactual_religion.perturb,
    "counterfactual.age": counterfactual_age.perturb,
    "counterfactual.names": counterfactual_names.perturb,
}
"""Every perturbation, by the name that a spec uses."""
