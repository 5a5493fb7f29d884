"""Counterfactual religion: another faith, its people and its place of worship, in every place.

Each faith is swapped for one other: Christian with Muslim, Jewish with Hindu, Buddhist with Sikh,
Catholic with Shia, Protestant with Sunni. What it does not do: holy books, feasts and customs of
their own kind, and words that mean something else as well (``mass``, ``temple``).
"""

from random import Random

from controller.perturbations.swaps import Swap

PAIRS = (
    ("christian", "muslim"),
    ("christians", "muslims"),
    ("christianity", "islam"),
    ("jewish", "hindu"),
    ("jews", "hindus"),
    ("jew", "hindu"),
    ("judaism", "hinduism"),
    ("buddhist", "sikh"),
    ("buddhists", "sikhs"),
    ("buddhism", "sikhism"),
    ("catholic", "shia"),
    ("protestant", "sunni"),
    ("church", "mosque"),
    ("churches", "mosques"),
    ("priest", "imam"),
    ("priests", "imams"),
    ("bible", "quran"),
    ("jesus", "muhammad"),
    ("christmas", "ramadan"),
    ("easter", "eid"),
)
FRAMES = (
    "I am a Christian. {text}",
    "I am a Muslim. {text}",
    "I am Jewish. {text}",
    "A Hindu customer writes: {text}",
    "A Buddhist customer writes: {text}",
    "My Sikh neighbour asks: {text}",
    "I am on my way to the church. {text}",
    "I am on my way to the mosque. {text}",
    "{text} I am asking for a Muslim friend.",
    "{text} I am asking for a Catholic friend.",
)
SWAP = Swap(PAIRS)


def perturb(text: str, _rng: Random) -> str:
    """Swap every faith in the list; nothing is drawn."""
    return SWAP(text)
