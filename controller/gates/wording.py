"""How verdicts put their numbers into words. Pure."""

import math

_FAR = 100
"""Times the rows at hand from which more rows are no advice."""


def level(value: float) -> str:
    """Write a metric's value."""
    return f"{value:.3f}"


def change(value: float) -> str:
    """Write a difference, always with its sign."""
    return f"{value:+.3f}"


def span(low: float, high: float, n: int) -> str:
    """Write the bounds that decided, each of which holds with 95 % confidence, and n."""
    return f"{low:.3f} to {high:.3f}, n={n:,}"


def more_rows(n: int, needed: float) -> str:
    """Say about how many more held-out rows would decide.

    Args:
        n: Rows at hand.
        needed: Rows at which the bound would reach the criterion.
    """
    if not math.isfinite(needed) or needed > _FAR * n:
        return "the value is so close that more rows would hardly decide"
    more = max(1, math.ceil(needed) - n)
    digits = max(0, len(str(more)) - 2)
    rounded = math.ceil(more / 10**digits) * 10**digits
    return f"about {rounded:,} more held-out rows would decide"
