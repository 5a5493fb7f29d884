"""What is wrong with written answers: said by nobody, cut off, or always the same. Pure.

Every rule asks the data set itself what is usual in it: where most answers end with a full stop,
one without is unfinished; where answers are names of things, it is not.
"""

import re
import unicodedata
from bisect import bisect_right
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import groupby, pairwise

from controller.data.folding import folded

Turn = Mapping[str, str]

_GOES_ON = frozenset(",;([{-\N{EN DASH}\N{EM DASH}&/+=")
_LINK = re.compile(r"\S+[/@]\S+$")
_PLACEHOLDERS = frozenset(
    {"n a", "na", "none", "null", "nan", "todo", "tbd", "tba", "xxx", "lorem ipsum", "no answer"}
)
_WORD = re.compile(r"[^\W\d_]+")
USUAL_END_SHARE = 0.8
"""Share of the answers that end like a sentence, from which one that does not is unfinished."""
MIN_WORDS = 4
"""Shorter answers need no full stop."""
SAME_LENGTH_ROWS = 3
"""Answers of exactly the greatest length, from which it was a limit that cut them."""
LONG = 2
"""Times the median length that a limit lies at, at least."""
LOOPS = 4
"""The same sentence so often in a row is a model's loop, not a person's answer."""
MIN_REPEATS = 5
REPEATED_SHARE = 0.02
"""Share of the rows that one answer may take."""
CLOSED_SET_SHARE = 0.05
"""Different answers per row, below which they are a closed set, like labels."""
_SENTENCE = re.compile(r"[.!?\n]+")


def wrong_order(turns: Sequence[Turn]) -> str | None:
    """Why the roles of a conversation do not take turns; None when they do.

    ``system`` may begin; then ``user`` and ``assistant`` alternate, and the last is the assistant.
    """
    roles = [turn["role"] for turn in turns]
    later = next((at for at, role in enumerate(roles) if at and role == "system"), None)
    if later is not None:
        return f"turn {later + 1} is of the system, which only begins"
    spoken = roles[1:] if roles[:1] == ["system"] else roles
    shift = len(roles) - len(spoken)
    if spoken[:1] == ["assistant"]:
        return f"turn {shift + 1}, the first, is of the assistant: nothing was asked"
    for at, (one, other) in enumerate(pairwise(spoken)):
        if one == other:
            return f"turns {shift + at + 1} and {shift + at + 2} are both of the {one}"
    return None


def says_nothing(answer: str) -> str | None:
    """Why an answer is none: no letter or digit, or a placeholder; None when it is one."""
    if not any(map(str.isalnum, answer)):
        return "no letter and no digit"
    plain = folded(answer)
    return f"the placeholder {answer.strip()!r}" if plain in _PLACEHOLDERS else None


def loop_in(answer: str) -> str | None:
    """The sentence or line that an answer says over and over, if there is one."""
    parts = [folded(part) for part in _SENTENCE.split(answer)]
    for part, run in groupby(part for part in parts if part):
        if len(list(run)) >= LOOPS:
            return part
    return None


def unfinished(answers: Sequence[str]) -> dict[int, str]:
    """Index of each unfinished answer → how that is seen."""
    long = [at for at, answer in enumerate(answers) if len(answer.split()) >= MIN_WORDS]
    if not long:
        return {}
    ends = {at: _has_end(answers[at]) for at in long}
    open_ended = [at for at in long if not ends[at]]
    found = dict.fromkeys(_cut_at_a_limit(answers, open_ended), "cut at the greatest length")
    if sum(ends.values()) >= USUAL_END_SHARE * len(long):
        counts = Counter(word for answer in answers for word in _WORD.findall(answer.casefold()))
        usual = sorted(word for word, count in counts.items() if count > 1)
        for at in open_ended:
            cut = _is_cut_word(answers[at], counts, usual)
            why = "ends within a word" if cut else "ends without a stop"
            found.setdefault(at, why)
    return dict(sorted(found.items()))


def repeated(answers: Sequence[str], prompts: Sequence[str]) -> dict[str, list[int]]:
    """Answer (folded) → rows that give it to different questions, where it is given too often.

    Empty where the answers are a closed set: labels written as text are meant to come again.
    """
    places: dict[str, list[int]] = {}
    for at, answer in enumerate(answers):
        places.setdefault(folded(answer), []).append(at)
    if len(places) <= CLOSED_SET_SHARE * len(answers):
        return {}
    most = max(MIN_REPEATS, REPEATED_SHARE * len(answers))
    return {
        answer: rows
        for answer, rows in sorted(places.items(), key=lambda one: -len(one[1]))
        if len(rows) >= most and len({folded(prompts[row]) for row in rows}) >= most
    }


def _has_end(answer: str) -> bool:
    """Whether an answer ends with a stop, a quote, a closing bracket, a sign, or a link."""
    last = answer.rstrip()[-1:]
    is_stop = unicodedata.category(last)[0] in "PS" and last not in _GOES_ON
    return is_stop or _LINK.search(answer.rstrip()) is not None


def _cut_at_a_limit(answers: Sequence[str], open_ended: Sequence[int]) -> list[int]:
    """Answers without an end that share exactly the greatest length of all, in characters.

    Where that is hardly longer than the others, nothing was cut: a few are the longest by chance.
    """
    lengths = sorted(len(answer) for answer in answers)
    longest = lengths[-1]
    if longest < LONG * lengths[len(lengths) // 2]:
        return []
    cut = [at for at in open_ended if len(answers[at]) == longest]
    return cut if len(cut) >= SAME_LENGTH_ROWS else []


def _is_cut_word(answer: str, counts: Counter[str], usual: Sequence[str]) -> bool:
    """Whether the last word stands nowhere else, and a usual one begins with it.

    ``usual`` are the words that stand more than once, sorted.
    """
    words = _WORD.findall(answer.casefold())
    if not words or counts[words[-1]] > 1 or not answer.rstrip()[-1:].isalpha():
        return False
    at = bisect_right(usual, words[-1])
    return at < len(usual) and usual[at].startswith(words[-1])
