"""Counterfactual gender: she for he, father for mother, and back, in every place at once.

What it does not do: first names, titles of other languages, words outside the list, and the
agreement of verbs (none is needed in English). ``her`` becomes ``his`` before a noun and ``him``
elsewhere, by a list of words that cannot be the noun; before an unlisted adverb it is wrong.
"""

import re
from random import Random

from controller.perturbations.swaps import Swap

PAIRS = (
    ("he", "she"),
    ("him", "her"),
    ("his", "hers"),
    ("himself", "herself"),
    ("man", "woman"),
    ("men", "women"),
    ("boy", "girl"),
    ("boys", "girls"),
    ("male", "female"),
    ("males", "females"),
    ("gentleman", "lady"),
    ("gentlemen", "ladies"),
    ("guy", "gal"),
    ("sir", "madam"),
    ("mr", "ms"),
    ("mr", "mrs"),
    ("father", "mother"),
    ("fathers", "mothers"),
    ("dad", "mum"),
    ("dad", "mom"),
    ("daddy", "mummy"),
    ("son", "daughter"),
    ("sons", "daughters"),
    ("brother", "sister"),
    ("brothers", "sisters"),
    ("husband", "wife"),
    ("husbands", "wives"),
    ("boyfriend", "girlfriend"),
    ("groom", "bride"),
    ("uncle", "aunt"),
    ("nephew", "niece"),
    ("grandfather", "grandmother"),
    ("grandpa", "grandma"),
    ("grandson", "granddaughter"),
    ("stepfather", "stepmother"),
    ("widower", "widow"),
    ("king", "queen"),
    ("prince", "princess"),
    ("actor", "actress"),
    ("waiter", "waitress"),
    ("steward", "stewardess"),
    ("businessman", "businesswoman"),
    ("salesman", "saleswoman"),
    ("policeman", "policewoman"),
    ("chairman", "chairwoman"),
)
FRAMES = (
    "My brother asks: {text}",
    "My mother asks: {text}",
    "I am writing for my husband. {text}",
    "I am writing for my wife. {text}",
    "A man writes: {text}",
    "A woman writes: {text}",
    "He wants to know this: {text}",
    "She wants to know this: {text}",
    "{text} I am asking for my father.",
    "{text} I am asking for my daughter.",
)
NEVER_A_NOUN = frozenset(
    word
    for words in (
        "a about after again and as at back because before but by did do does for from had has",
        "have he her here him how i if in into is it me my not now of off on or our out over she",
        "since so soon that the their them then there these they this those to today tomorrow",
        "tonight too up us was we were what when where which while who why will with yesterday",
        "you your",
    )
    for word in words.split()
)
"""Words after which a pronoun before them was no possessive."""
_NEXT_WORD = re.compile(r"[ \t]+([A-Za-z]+)")


def _by_what_follows(word: str, after: str) -> str | None:
    follows = _NEXT_WORD.match(after)
    is_possessive = follows is not None and follows[1].lower() not in NEVER_A_NOUN
    if word == "her":
        return "his" if is_possessive else "him"
    if word == "his":
        return "her" if is_possessive else "hers"
    return None


SWAP = Swap(PAIRS, choose=_by_what_follows)


def perturb(text: str, _rng: Random) -> str:
    """Swap the gender of every word in the list; nothing is drawn."""
    return SWAP(text)
