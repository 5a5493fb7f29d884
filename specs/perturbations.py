"""The names of perturbations: what ``controller.perturbations`` can do to a text."""

from typing import Literal, get_args

Noise = Literal[
    "typos",
    "casing",
    "punctuation",
    "whitespace",
    "word_drop",
    "word_swap",
    "contractions",
    "lookalikes",
    "ocr",
    "truncation",
]
"""Ways of writing that carelessness, machines or malice make of a text."""
Attribute = Literal["gender", "nationality", "religion", "age", "names"]
"""Protected attributes whose words are built in."""
Perturbation = Literal[
    Noise,
    "counterfactual.gender",
    "counterfactual.nationality",
    "counterfactual.religion",
    "counterfactual.age",
    "counterfactual.names",
]
"""What training rows may be augmented by: every noise, and every swap of an attribute's words."""
ATTRIBUTES: tuple[str, ...] = get_args(Attribute)
