"""Hold a generated answer against the right one. Pure."""

import re
from collections import Counter

from rapidfuzz.distance import LCSseq

CHRF_LONGEST = 6
CHRF_BETA = 2
_SPACE = re.compile(r"\s+")
_LETTERS = re.compile(r"[^\W_]+")
_WORD = re.compile(r"\w+|[^\w\s]")


def is_exact_match(generated: str, wanted: str) -> bool:
    """Whether the answers are the same but for white space."""
    return _SPACE.sub(" ", generated).strip() == _SPACE.sub(" ", wanted).strip()


def token_f1(generated: str, wanted: str) -> float:
    """F1 of the words of two answers, in any order, lower case: 0 to 1."""
    ours, theirs = (Counter(_WORD.findall(text.lower())) for text in (generated, wanted))
    shared = sum((ours & theirs).values())
    total = sum(ours.values()) + sum(theirs.values())
    return 2 * shared / total if total else 1.0


def rouge_l(generated: str, wanted: str) -> float:
    """ROUGE-L: F1 of the longest common subsequence of words, lower case: 0 to 1.

    Lin, ROUGE: A Package for Automatic Evaluation of Summaries (2004), sentence level, precision
    and recall weighing the same. Words are letters and digits of any script.
    """
    ours, theirs = (_LETTERS.findall(text.lower()) for text in (generated, wanted))
    if not ours or not theirs:
        return float(ours == theirs)
    return 2 * LCSseq.similarity(ours, theirs) / (len(ours) + len(theirs))


def chrf(generated: str, wanted: str) -> float:
    """chrF: F2 of the runs of one to six characters, white space left out: 0 to 1.

    Popović, chrF: character n-gram F-score for automatic MT evaluation (2015); averaged over the
    lengths that both texts have, as sacrebleu does for one sentence.
    """
    ours, theirs = (_SPACE.sub("", text) for text in (generated, wanted))
    if not ours or not theirs:
        return float(ours == theirs)
    lengths = range(1, min(CHRF_LONGEST, len(ours), len(theirs)) + 1)
    precision = recall = 0.0
    for length in lengths:
        mine, right = _runs(ours, length), _runs(theirs, length)
        shared = (mine & right).total()
        precision += shared / mine.total() / len(lengths)
        recall += shared / right.total() / len(lengths)
    if not precision or not recall:
        return 0.0
    return (1 + CHRF_BETA**2) * precision * recall / (CHRF_BETA**2 * precision + recall)


def _runs(text: str, length: int) -> Counter[str]:
    return Counter(text[start : start + length] for start in range(len(text) - length + 1))
