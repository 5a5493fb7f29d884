"""Counterfactual names: a first name for one that is borne mostly in another group of people.

The pairs keep gender, and stand for groups after field experiments on hiring: Bertrand and
Mullainathan, *Are Emily and Greg More Employable than Lakisha and Jamal?* (2004); Carlsson and
Rooth (2007) for Arabic names. What it does not do: surnames beyond the list, and names that are
words of English as well (``Will``, ``Grace``). A name only ever suggests a group; nothing here
says, or guesses, who a person is.
"""

import re
from random import Random

PAIRS = (
    ("Emily", "Lakisha"),
    ("Anne", "Aisha"),
    ("Allison", "Ebony"),
    ("Carrie", "Latoya"),
    ("Kristen", "Tamika"),
    ("Laurie", "Keisha"),
    ("Meredith", "Latonya"),
    ("Sarah", "Fatima"),
    ("Claire", "Priya"),
    ("Julia", "Mei"),
    ("Greg", "Jamal"),
    ("Brad", "Darnell"),
    ("Todd", "Tyrone"),
    ("Neil", "Rasheed"),
    ("Geoffrey", "Tremayne"),
    ("Brett", "Leroy"),
    ("Matthew", "Mohammed"),
    ("Erik", "Ali"),
    ("Andrew", "Rajesh"),
    ("Thomas", "Wei"),
    ("Baker", "Hussain"),
    ("Miller", "Nguyen"),
    ("Sullivan", "Washington"),
)
FRAMES = (
    "My name is Emily. {text}",
    "My name is Lakisha. {text}",
    "My name is Greg Baker. {text}",
    "My name is Jamal. {text}",
    "Matthew writes: {text}",
    "Mohammed writes: {text}",
    "{text} Regards, Sarah",
    "{text} Regards, Fatima",
    "{text} Thanks, Andrew Miller",
    "{text} Thanks, Mei Nguyen",
)
_OTHER = {one: other for pair in PAIRS for one, other in (pair, pair[::-1])}
_NAME = re.compile(rf"\b(?:{'|'.join(_OTHER)})\b")


def swap_names(text: str) -> str:
    """Swap the names; only as they are written as names, with a capital."""
    return _NAME.sub(lambda found: _OTHER[found[0]], text)


SWAP = swap_names


def perturb(text: str, _rng: Random) -> str:
    """Swap every name in the list; nothing is drawn."""
    return SWAP(text)
