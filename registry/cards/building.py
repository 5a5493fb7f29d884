"""A card, section by section. Pure."""

from registry.cards.about import intended_use, limitations
from registry.cards.blocks import Card
from registry.cards.calibration import calibration
from registry.cards.coverage import coverage
from registry.cards.data import data
from registry.cards.explanations import explanations
from registry.cards.gaps import gaps
from registry.cards.gates import gates
from registry.cards.head import head_of
from registry.cards.known import Known
from registry.cards.lineage import costs, lineage
from registry.cards.method import base_and_licence, method
from registry.cards.promotions import promotions
from registry.cards.quality import metrics, slices, weak_slices
from registry.cards.studies import bias, other_studies, robustness

SECTIONS = (
    intended_use,
    base_and_licence,
    method,
    data,
    metrics,
    slices,
    weak_slices,
    robustness,
    bias,
    other_studies,
    calibration,
    explanations,
    gates,
    gaps,
    limitations,
    lineage,
    costs,
    promotions,
)
"""Each makes its section from what is known, in this order."""


def build_card(known: Known) -> Card:
    """Put the card together; the coverage map comes last, over the sections that have evidence."""
    sections = tuple(section for make in SECTIONS if (section := make(known)) is not None)
    return Card(
        model=known.version.model,
        version=known.version.number,
        aliases=tuple(known.aliases),
        head=head_of(known),
        sections=(*sections, coverage(sections)),
    )
