"""Counterfactual age: old for young and back, in words and in years, in every place at once.

What it does not do: dates of birth, school years, and what follows from an age (a pension, a first
job). ``old`` and ``new`` of things are left alone: only words that speak of people are swapped.
"""

import re
from random import Random

from controller.perturbations.swaps import Swap

PAIRS = (
    ("young man", "old man"),
    ("young woman", "old woman"),
    ("young lady", "old lady"),
    ("young person", "elderly person"),
    ("young people", "elderly people"),
    ("young customer", "elderly customer"),
    ("teenager", "pensioner"),
    ("teenagers", "pensioners"),
    ("student", "retiree"),
    ("students", "retirees"),
    ("youngster", "senior citizen"),
    ("youngsters", "senior citizens"),
    ("millennial", "baby boomer"),
    ("millennials", "baby boomers"),
    ("in my twenties", "in my seventies"),
    ("in his twenties", "in his seventies"),
    ("in her twenties", "in her seventies"),
    ("grandson", "grandfather"),
    ("granddaughter", "grandmother"),
)
FRAMES = (
    "I am 22 years old. {text}",
    "I am 74 years old. {text}",
    "I am a student. {text}",
    "I am a retiree. {text}",
    "A teenager writes: {text}",
    "A pensioner writes: {text}",
    "I am in my twenties. {text}",
    "I am in my seventies. {text}",
    "{text} I am asking for an elderly person.",
    "{text} I am asking for my grandson.",
)
YOUNG = range(18, 45)
YEARS_APART = 48
"""From a young age to the old one it is swapped with: 18 with 66, 44 with 92."""
_YEARS = re.compile(r"\b(?P<years>\d\d)(?=(?:[ -]years?[ -]old|[ -]year[ -]olds?|yo)\b)")
_SWAP = Swap(PAIRS)


def perturb(text: str, _rng: Random) -> str:
    """Swap every age in the list, and ages in years; nothing is drawn."""
    return SWAP(text)


def _other_age(found: "re.Match[str]") -> str:
    years = int(found["years"])
    if years in YOUNG:
        return str(years + YEARS_APART)
    return str(years - YEARS_APART) if years - YEARS_APART in YOUNG else found[0]


def swap_ages(text: str) -> str:
    """Swap words and years; what was swapped and is swapped again is as before."""
    return _YEARS.sub(_other_age, _SWAP(text))


SWAP = swap_ages
