"""Which sections are evidence for which duty of the EU AI Act and of NIST's AI RMF. Pure.

Only pointers: whether a system complies is for people to judge, on more than a card. Sources:
Regulation (EU) 2024/1689, articles 9, 10 and 15 and Annex IV; NIST AI 100-1, MEASURE.
"""

from collections.abc import Sequence

from registry.cards.blocks import Section, Text, table

AI_ACT, NIST = "EU AI Act", "NIST AI RMF"
DUTIES: tuple[tuple[str, str, str, tuple[str, ...]], ...] = (
    (AI_ACT, "Art. 9(8)", "testing against metrics and thresholds defined before", ("gates",)),
    (AI_ACT, "Art. 10", "data governance, and examination for bias", ("data", "bias")),
    (AI_ACT, "Art. 15", "accuracy and robustness that are declared", ("metrics", "robustness")),
    (
        AI_ACT,
        "Annex IV 2(d)",
        "provenance, labelling and cleaning of the data",
        ("data", "lineage"),
    ),
    (
        AI_ACT,
        "Annex IV 2(g)",
        "validation, metrics, discriminatory impact, dated test logs",
        ("metrics", "slices", "bias", "gates", "lineage"),
    ),
    (AI_ACT, "Annex IV 3", "limits, and accuracy for groups", ("slices", "bias", "limitations")),
    (
        AI_ACT,
        "Annex IV 4",
        "which metrics were declared; why they fit is for people to say",
        ("gates",),
    ),
    (AI_ACT, "Annex IV 6", "changes through the lifecycle", ("promotions", "lineage")),
    (NIST, "MEASURE 1.1", "what is not measured is documented", ("not_measured",)),
    (NIST, "MEASURE 2.1", "test sets and tools are documented", ("data", "lineage")),
    (NIST, "MEASURE 2.3", "performance is measured", ("metrics", "slices")),
    (NIST, "MEASURE 2.5", "validity, and its limits", ("metrics", "weak_slices", "limitations")),
    (NIST, "MEASURE 2.7", "resilience", ("robustness",)),
    (NIST, "MEASURE 2.9", "the model is explained", ("explanations",)),
    (NIST, "MEASURE 2.10", "privacy", ("data",)),
    (NIST, "MEASURE 2.11", "fairness and bias", ("bias",)),
)
"""Source, id, what it asks for in short, and the sections that bear on it."""


def coverage(sections: Sequence[Section]) -> Section:
    """Map each duty to the sections of this card that hold evidence for it, and that lack it."""
    titles = {one.key: one.title for one in sections}
    evidenced = {one.key for one in sections if one.is_evidenced}
    rows = [
        (
            source,
            duty,
            asks,
            ", ".join(titles[key] for key in keys if key in evidenced) or "none here",
            ", ".join(titles[key] for key in keys if key not in evidenced) or None,
        )
        for source, duty, asks, keys in DUTIES
    ]
    text = (
        "Which sections can serve as evidence for which duty. It says nothing of whether a system "
        "complies: that is for its owner to judge, on more than this card."
    )
    heads = ("source", "id", "what it asks for", "evidence for it", "without evidence")
    return Section("coverage", "Coverage map", (Text(text), *table(heads, rows)))
