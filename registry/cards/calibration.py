"""Whether a version is as sure as it is right. Pure."""

from registry.cards.blocks import Block, Section, Text, absent, facts, table
from registry.cards.known import Known, cell_of, listed, mapping, number_in, words


def calibration(known: Known) -> Section:
    """The calibration error beside what a calibrated version shows, and the temperature."""
    found = mapping(known.report.get("calibration"))
    scaled = mapping(known.version.training.get("calibration"))
    error, limit = number_in(found.get("error")), number_in(found.get("null_quantile"))
    blocks: list[Block] = []
    if error is not None and limit is not None:
        verdict = "more than" if error > limit else "within"
        mean, level = (
            number_in(found.get("null_mean")) or 0.0,
            number_in(found.get("null_level")) or 0.0,
        )
        blocks.append(
            Text(
                f"Expected calibration error {error:.4f}: {verdict} what a calibrated version "
                f"shows on as many rows by chance ({mean:.4f} on average, below {limit:.4f} in "
                f"{level:.0%} of cases)."
            )
        )
    bins = [
        tuple(cell_of(one.get(name)) for name in ("from", "to", "n", "confidence", "accuracy"))
        for one in map(mapping, listed(found.get("bins")))
    ]
    heads = ("from", "to", "rows", "said", "right")
    parts: tuple[Block, ...] = (
        *blocks,
        *table(heads, bins, "Reliability"),
        *facts(
            [(words(name), cell_of(one)) for name, one in scaled.items()], "Temperature scaling"
        ),
    )
    if not parts:
        return absent("calibration", "Calibration", "Not measured.")
    if not scaled:
        parts = (*parts, Text("No temperature was fitted."))
    return Section("calibration", "Calibration", parts)
