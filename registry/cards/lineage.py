"""Where a version comes from, and what it cost. Pure."""

from registry.amounts import amount, name_of
from registry.cards.blocks import Block, Section, Text, absent, facts, table
from registry.cards.known import Known, cell_of, mapping, number_in
from registry.costs import costs_of

WATTS_PER_CORE = 10.0
"""Assumed draw of one busy CPU core with its share of the machine."""
WATTS_PER_GPU = 400.0
"""Assumed draw of one busy data-centre GPU."""
JOULES_PER_WATT_HOUR = 3600


def lineage(known: Known) -> Section:
    """Everything by which it can be made again, and checked."""
    version, recorded = known.version, known.version.lineage
    evaluation = known.evaluation
    rows = [
        ("revision", version.revision),
        ("training digest", version.training_digest),
        ("run", version.run_id),
        ("registered", version.created_at.isoformat(timespec="seconds")),
        ("data report", cell_of(recorded.get("data_report"))),
        ("gates when training started", cell_of(recorded.get("gates"))),
        ("evaluation digest", None if evaluation is None else evaluation.evaluation_digest),
        (
            "evaluated",
            None if evaluation is None else evaluation.created_at.isoformat(timespec="seconds"),
        ),
        ("test file", None if evaluation is None else evaluation.test_digest),
    ]
    libraries = [(name, cell_of(one)) for name, one in mapping(recorded.get("libraries")).items()]
    machine = [
        (f"machine: {name}", cell_of(one)) for name, one in mapping(recorded.get("machine")).items()
    ]
    files = [(path, blob.digest, blob.size_bytes) for path, blob in version.files.items()]
    blocks: tuple[Block, ...] = (
        *facts(rows),
        *facts([*libraries, *machine], "Libraries and machine"),
        *table(("file", "digest", "bytes"), files, "Files"),
    )
    return Section("lineage", "Lineage", blocks)


def costs(known: Known) -> Section:
    """Time, memory, and an estimate of energy."""
    found = costs_of(known.version)
    rows = [
        (name_of(one.quantity), amount(one.quantity, one.actual))
        for one in found
        if one.actual is not None
    ]
    energy = energy_of(known)
    title = "Time and energy"
    if not rows:
        return absent("costs", title, "Nothing is recorded of what training cost.")
    blocks: tuple[Block, ...] = (*facts(rows), *((Text(energy),) if energy else (Text(NO_ENERGY),)))
    return Section("costs", title, blocks)


NO_ENERGY = "No energy estimate: neither CPU seconds nor the time on a GPU are recorded."


def energy_of(known: Known) -> str | None:
    """Say the estimate with its assumptions; None where nothing was recorded to make it from."""
    training = known.version.training
    device = mapping(known.version.lineage.get("machine")).get("device")
    cores = number_in(training.get("cpu_seconds"))
    gpu = number_in(training.get("duration_seconds")) if device == "cuda" else None
    parts, joules = [], 0.0
    if cores is not None:
        joules += cores * WATTS_PER_CORE
        parts.append(f"{cores:.0f} CPU seconds at an assumed {WATTS_PER_CORE:.0f} W for each core")
    if gpu is not None:
        joules += gpu * WATTS_PER_GPU
        parts.append(f"{gpu:.0f} seconds on a GPU at an assumed {WATTS_PER_GPU:.0f} W")
    if not parts:
        return None
    return (
        f"Energy of training: about {joules / JOULES_PER_WATT_HOUR:.2g} Wh. An estimate, not a "
        f"measurement: {' and '.join(parts)}; without evaluation, cooling, or making the hardware."
    )
