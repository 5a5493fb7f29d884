"""Intended use and limits: what the task says of itself, and room for people's words. Pure."""

from registry.cards.blocks import Block, Facts, Section, Text, Todo, facts
from registry.cards.known import Known, mapping

USES = {
    "text-classification": "Gives one of a closed set of labels, with a score, to a short text",
    "causal-lm": "Continues a prompt with text",
}
OF_SETS = "Gives a set of labels out of a closed one, each with a score, to a short text"
HUMAN_USE = {
    "intended_use": "what it is for, and where it stands in a product",
    "intended_users": "who works with its answers",
    "out_of_scope": "uses that it must not be put to",
}
HUMAN_LIMITS = {
    "limitations": "known limits and risks, and who can be harmed",
    "oversight": "who watches its answers, and who can stop it",
}
"""Label of the spec → what belongs there."""
SAID_ELSEWHERE = {*HUMAN_USE, *HUMAN_LIMITS, "license", "language"}


def intended_use(known: Known) -> Section:
    """What the task is; the rest is for its owner to say."""
    what = USES.get(known.task or "", "What its training data show")
    if mapping(known.data.get("columns")).get("labels"):
        what = OF_SETS
    text = (
        f"{what}, for texts like those it was trained and evaluated on. The evidence below says "
        "nothing about other texts, languages or labels. Decisions about people need a person."
    )
    owner = mapping(known.spec.get("metadata")).get("owner")
    own = [
        (f"label: {name}", str(value))
        for name, value in known.labels.items()
        if name not in SAID_ELSEWHERE
    ]
    return Section(
        "intended_use",
        "Intended use",
        (
            Text(text),
            *(facts([("owner", owner), *own]) or (Facts((("owner", "not declared"),)),)),
            *_human(known, HUMAN_USE),
        ),
    )


def limitations(known: Known) -> Section:
    """Only people know these."""
    said = any(name in known.labels for name in HUMAN_LIMITS)
    return Section(
        "limitations", "Limitations and oversight", _human(known, HUMAN_LIMITS), is_evidenced=said
    )


def _human(known: Known, wanted: dict[str, str]) -> tuple[Block, ...]:
    return tuple(
        Text(f"{name.replace('_', ' ').capitalize()}: {known.labels[name]}")
        if name in known.labels
        else Todo(what, name)
        for name, what in wanted.items()
    )
