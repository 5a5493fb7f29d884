"""What studies may be asked for: it fits the task, the data, and what else is declared."""

from collections.abc import Iterator

from specs.bias import Bias
from specs.model import Spec
from specs.names import FAMILY_PATTERN
from specs.problems import Loc, Problem, suggest

EVALUATION = ("spec", "evaluation")
BIAS = (*EVALUATION, "bias")


def studies_fit(spec: Spec) -> Iterator[Problem]:
    """What is asked of a version beside its metrics can be answered."""
    if spec.evaluation.noise.attack is not None and spec.task == "causal-lm":
        text = "an attack turns a right label into a wrong one, and causal-lm writes texts"
        yield Problem((*EVALUATION, "robustness", "attack"), text, "remove it", at_key=True)
    if spec.evaluation.explain is not None and spec.task == "causal-lm":
        text = "explanations say which words a label comes from, and causal-lm writes texts"
        yield Problem((*EVALUATION, "explain"), text, "remove it", at_key=True)
    bias = spec.evaluation.bias
    if bias is not None:
        yield from _words_fit(bias)
        yield from _groups_fit(bias, spec)


def _words_fit(bias: Bias) -> Iterator[Problem]:
    if not bias.is_wanted:
        fix = "write counterfactuals: [gender], or groups: [FAMILY]"
        yield Problem(BIAS, "bias declares nothing", fix, at_key=True)
    elif bias.templates is not None and not bias.attributes:
        text = "templates hold words of attributes, and none is declared"
        yield Problem((*BIAS, "templates"), text, "write counterfactuals: [gender]", at_key=True)
    for name in bias.terms:
        if not FAMILY_PATTERN.fullmatch(name):
            at: Loc = (*BIAS, "terms", name)
            fix = "use letters, digits, '_' and '-'"
            yield Problem(at, f"{name!r} is no name for an attribute", fix, at_key=True)


def _groups_fit(bias: Bias, spec: Spec) -> Iterator[Problem]:
    for index, family in enumerate(bias.groups):
        if family not in spec.data.slices:
            text = f"{family!r} is no slice family of data.slices"
            fix = suggest(family, spec.data.slices, otherwise="declared there")
            yield Problem((*BIAS, "groups", index), text, fix)
    if bias.outcomes and (spec.task == "causal-lm" or not bias.groups):
        lack = "causal-lm has no labels" if spec.task == "causal-lm" else "no groups are declared"
        text = f"outcomes are labels that groups are compared by, and {lack}"
        yield Problem((*BIAS, "outcomes"), text, "remove it", at_key=True)
