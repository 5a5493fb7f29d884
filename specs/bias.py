"""``spec.evaluation.bias``: swaps of words that should change nothing, and groups of rows."""

from pydantic import Field

from specs.paths import OwnFile
from specs.perturbations import Attribute
from specs.section import Section


class Bias(Section):
    """Counterfactual swaps and groups that are compared."""

    counterfactuals: list[Attribute] = []
    """Attributes whose words are swapped, by lists that are built in (English); answers should
    stay the same."""
    terms: dict[str, OwnFile] = Field(default={}, examples=[{"region": "data/regions.csv"}])
    """Attributes of your own → a file of the repository with columns ``term`` and
    ``counterpart``; a built-in attribute's name here replaces its list."""
    templates: OwnFile | None = Field(default=None, examples=["data/templates.csv"])
    """File of the repository with a column ``template``: sentences that hold words of an attribute,
    and ``{text}`` where a test row's text is put in; null: those that are built in."""
    groups: list[str] = []
    """Slice families of ``data.slices`` whose values are compared."""
    outcomes: list[str] = Field(default=[], examples=[["refund"]])
    """Labels that count as being selected; empty: every label by itself, which needs many more rows
    to show anything. text-classification only."""

    @property
    def attributes(self) -> tuple[str, ...]:
        """Every attribute whose words are swapped, in the order they are declared."""
        return tuple(dict.fromkeys((*self.counterfactuals, *self.terms)))

    @property
    def is_wanted(self) -> bool:
        """Whether anything is asked for."""
        return bool(self.attributes or self.groups)
