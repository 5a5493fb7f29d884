"""How planned and measured amounts look: each quantity in the unit that its name says."""

GIB, MIB, KIB = 2**30, 2**20, 2**10
MINUTE, HOUR = 60, 3600


def amount(quantity: str, value: float | None) -> str:
    """Say ``value`` of ``quantity``; ``-`` when it is not known."""
    if value is None:
        return "-"
    if quantity.endswith("_bytes"):
        return size(value)
    if quantity.endswith("seconds"):
        return seconds(value)
    return f"{value:,.0f}"


def name_of(quantity: str) -> str:
    """Say what is counted, without its unit: ``peak_memory_bytes`` is ``peak memory``."""
    names = {"seconds": "time", "cpu_seconds": "CPU time", "all_trials_seconds": "all trials"}
    return names.get(quantity) or quantity.removesuffix("_bytes").replace("_", " ")


def size(value: float) -> str:
    """Say a number of bytes."""
    for unit, length in (("GiB", GIB), ("MiB", MIB), ("KiB", KIB)):
        if value >= length:
            return (
                f"{value / length:.1f} {unit}"
                if value < 10 * length
                else (f"{value / length:.0f} {unit}")
            )
    return f"{value:.0f} B"


def seconds(value: float) -> str:
    """Say a length of time, in two units at most."""
    if value < MINUTE:
        return f"{value:.0f} s"
    if value < HOUR:
        return f"{value // MINUTE:.0f} min {value % MINUTE:.0f} s"
    return f"{value // HOUR:.0f} h {value % HOUR // MINUTE:.0f} min"
