"""The attributes whose words are swapped: built-in lists, and one's own."""

from collections.abc import Mapping

from controller.errors import EvaluationError
from controller.evaluation.own_tables import TEMPLATES, TERMS, read_own
from controller.evaluation.studies.base import Bench
from controller.perturbations import ATTRIBUTES, Attribute
from controller.perturbations.swaps import Swap
from specs.bias import Bias

SLOT = "{text}"
"""Where a template takes a test row's text."""


def attributes_of(bench: Bench, wanted: Bias) -> Mapping[str, Attribute]:
    """Give every declared attribute its words and its templates.

    Raises:
        EvaluationError: A template holds no word of any attribute.
        DataError: A file cannot be read.
    """
    found = {name: _attribute(bench, wanted, name) for name in wanted.attributes}
    if wanted.templates is None:
        return found
    own = [
        line for (line,) in read_own(bench.own_files[wanted.templates], wanted.templates, TEMPLATES)
    ]
    useless = [line for line in own if all(one.swap(line) == line for one in found.values())]
    if useless:
        raise EvaluationError(
            f"{wanted.templates}: {useless[0]!r} holds no word of {', '.join(found)}",
            reason="TemplateWithoutTerm",
            fix="write a word of the attribute's list into every template",
        )
    return {
        name: Attribute(one.swap, tuple(line for line in own if one.swap(line) != line))
        for name, one in found.items()
    }


def fill(template: str, text: str) -> str:
    """Put a row's text into a template; a template without a place for it stays as it is."""
    return template.replace(SLOT, text)


def _attribute(bench: Bench, wanted: Bias, name: str) -> Attribute:
    if name not in wanted.terms:
        return ATTRIBUTES[name]
    path = wanted.terms[name]
    pairs = [
        (term.lower(), counterpart.lower())
        for term, counterpart in read_own(bench.own_files[path], path, TERMS)
    ]
    built_in = ATTRIBUTES.get(name)
    return Attribute(Swap(pairs), built_in.frames if built_in is not None else ())
