"""The base, and how the version was made from it. Pure."""

from registry.cards.blocks import Section, absent, facts
from registry.cards.known import Known, cell_of, mapping

NOT_RECORDED = "not recorded"


def base_and_licence(known: Known) -> Section:
    """What it stands on."""
    base = known.base
    if not base:
        return absent("base", "Base and licence", "The base is not recorded.")
    rows = [
        ("base", cell_of(base.get("model"))),
        ("base revision", cell_of(base.get("revision"))),
        ("licence of the base", cell_of(base.get("licence")) or NOT_RECORDED),
        ("licence of this version", cell_of(known.labels.get("license")) or "not declared"),
    ]
    return Section("base", "Base and licence", facts(rows))


def method(known: Known) -> Section:
    """Everything that training was told."""
    training = known.training
    if not training:
        return absent("method", "Method", "The method is not recorded.")
    plain = [(name, cell_of(training.get(name))) for name in ("method", "seed")]
    parts = [
        (f"{part}.{name}", cell_of(value))
        for part in training
        if part not in {"method", "seed", "arguments"}
        for name, value in _named(training[part])
    ]
    arguments = [
        (name, cell_of(value)) for name, value in sorted(mapping(training.get("arguments")).items())
    ]
    search = mapping(known.version.lineage.get("search"))
    chosen = [("search: chosen trial", cell_of(search.get("chosen")))]
    blocks = (*facts([*plain, *parts, *chosen]), *facts(arguments, "Arguments"))
    return Section("method", "Method", blocks)


def _named(part: object) -> list[tuple[str, object]]:
    return list(mapping(part).items()) or ([] if part is None else [("value", part)])
