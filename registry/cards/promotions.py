"""When the version answered traffic, and by whose doing. Pure."""

from registry.cards.blocks import Block, Section, absent, facts, table
from registry.cards.known import Known, cell_of


def promotions(known: Known) -> Section:
    """Every time it became live or was left, holds of it, and quarantine."""
    number = known.version.number
    revisions = {
        one.data.get("version"): one.revision for one in known.events if one.kind == "Promoted"
    }
    rows = []
    before: int | None = None
    for move in known.moves:
        if number in (move.version, before):
            what = "became live" if move.version == number else f"left for version {move.version}"
            commit = revisions.get(move.version) if move.version == number else None
            rows.append((_at(move.changed_at), what, move.changed_by, move.reason, commit))
        before = move.version
    rollbacks = [
        (_at(one.at), one.message, cell_of(one.revision))
        for one in known.events
        if one.kind == "RolledBack" and number in (one.data.get("left"), one.data.get("to"))
    ]
    holds = [
        (_at(one.created_at), one.by, one.reason, _at(one.released_at), cell_of(one.written_back))
        for one in known.holds
    ]
    away = known.quarantine
    quarantine = (
        []
        if away is None
        else [("quarantined", f"{_at(away.created_at)} by {away.by}: {away.reason}")]
    )
    blocks: tuple[Block, ...] = (
        *table(("when", "what", "by", "reason", "commit"), rows),
        *table(("when", "rollback", "commit"), rollbacks, "Rollbacks"),
        *table(("since", "by", "reason", "released", "commit"), holds, "Holds"),
        *facts(quarantine),
    )
    if not blocks:
        return absent("promotions", "Promotion log", "Never live, never held.")
    return Section("promotions", "Promotion log", blocks)


def _at(time: object) -> str | None:
    return None if time is None else f"{time:%Y-%m-%d %H:%M:%S} UTC"
