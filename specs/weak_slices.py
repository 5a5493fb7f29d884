"""``spec.evaluation.weak_slices``: the search for slices that are worse than the rest."""

from pydantic import Field

from specs.section import Section


class WeakSlices(Section):
    """A search over declared families, lengths and words; it asks the version nothing."""

    min_rows: int = Field(default=20, ge=5)
    """Slices of fewer rows are not looked at."""
    at_most: int = Field(default=10, ge=1)
    """So many slices are told, the least likely first."""
    false_discovery_rate: float = Field(default=0.1, gt=0, lt=1)
    """Share of the slices told that may be chance; so, too, how often a version that is equally
    right everywhere is told to have one."""
