"""Counterfactual nationality: another country, another people, in every place at once.

What it does not do: names of persons, places and currencies, words that mean something else in
lower case (``polish``, ``turkey``, ``china`` for dishes are left out of the list), and stereotypes
that follow from a country. Each country is swapped for one of another part of the world.
"""

import re
from random import Random

from controller.perturbations.swaps import Swap

PAIRS = (
    ("american", "nigerian"),
    ("americans", "nigerians"),
    ("america", "nigeria"),
    ("british", "pakistani"),
    ("britain", "pakistan"),
    ("english", "indian"),
    ("england", "india"),
    ("german", "syrian"),
    ("germans", "syrians"),
    ("germany", "syria"),
    ("french", "moroccan"),
    ("france", "morocco"),
    ("spanish", "mexican"),
    ("spain", "mexico"),
    ("italian", "romanian"),
    ("italians", "romanians"),
    ("italy", "romania"),
    ("dutch", "indonesian"),
    ("netherlands", "indonesia"),
    ("swedish", "somali"),
    ("sweden", "somalia"),
    ("canadian", "colombian"),
    ("canadians", "colombians"),
    ("canada", "colombia"),
    ("australian", "filipino"),
    ("australians", "filipinos"),
    ("australia", "philippines"),
    ("russian", "ukrainian"),
    ("russians", "ukrainians"),
    ("russia", "ukraine"),
    ("japanese", "vietnamese"),
    ("japan", "vietnam"),
    ("greek", "albanian"),
    ("greeks", "albanians"),
    ("greece", "albania"),
    ("irish", "kenyan"),
    ("ireland", "kenya"),
    ("norwegian", "ethiopian"),
    ("norway", "ethiopia"),
    ("israeli", "iranian"),
    ("israelis", "iranians"),
    ("israel", "iran"),
)
FRAMES = (
    "I am American. {text}",
    "I am Nigerian. {text}",
    "I am a British citizen. {text}",
    "I am a Pakistani citizen. {text}",
    "A German customer writes: {text}",
    "A Syrian customer writes: {text}",
    "My French neighbour asks: {text}",
    "My Moroccan neighbour asks: {text}",
    "{text} I am asking for an Italian friend.",
    "{text} I am asking for a Filipino friend.",
)
_COMPANY = re.compile(r"\s+(?:express|airlines|airways|telecom|bank)\b", re.IGNORECASE)


def _by_what_follows(word: str, after: str) -> str | None:
    """Leave names of companies alone: American Express, British Airways."""
    return word if _COMPANY.match(after) else None


SWAP = Swap(PAIRS, choose=_by_what_follows)


def perturb(text: str, _rng: Random) -> str:
    """Swap every nationality and country in the list; nothing is drawn."""
    return SWAP(text)
