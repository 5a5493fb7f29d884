"""Is what is live still what is declared? Pure; the planner asks.

A live version is measured again when its held-out rows or what is measured changes, whatever keeps
it live, and judged by the gates that are declared now. When it fails, ``promotion.
on_failed_reverification`` says what follows. Nothing here ever trains.
"""

from controller.actions import Plan, RollBack, Stall
from controller.measuring import verify
from controller.state import Desired, Judged, Observed
from registry.records import GateReport, Verdict


def verify_live(desired: Desired, observed: Observed) -> Plan:
    """Measure and judge the live version by what is declared now."""
    live = observed.live
    if live is None or (observed.wanted is not None and observed.is_live(observed.wanted)):
        return ()  # the wanted version is measured and judged on its way
    why = "it is live, and not verified by what is declared now"
    return verify(desired, observed, live, why=why)


def leave_live(desired: Desired, observed: Observed) -> Plan:
    """Go from a live version that fails to the newest earlier one that passes, if policy says so.

    Earlier versions are measured and judged one after the other, until one passes; one that cannot
    be measured is passed over. When none passes, live stays: something has to answer.
    """
    live = observed.live
    if live is None or desired.model.spec.promotion.on_failed_reverification != "rollback":
        return ()
    if not fails(live.verification):
        return ()
    why = f"version {live.version.number} is live and fails; may this one take its place?"
    for earlier in observed.earlier:
        steps = verify(desired, observed, earlier, why=why)
        if any(isinstance(step, Stall) for step in steps):
            continue
        if steps:
            return steps
        if _passes(earlier):
            return (_roll_back(live, earlier),)
    return ()


def fails(report: GateReport | None) -> bool:
    """Whether a blocking gate is shown not to hold. What is only not shown moves no traffic."""
    return report is not None and any(
        one.blocks and one.verdict is Verdict.FAIL for one in report.verdicts
    )


def _passes(judged: Judged) -> bool:
    return judged.verification is not None and judged.verification.passed


def _roll_back(live: Judged, earlier: Judged) -> RollBack:
    assert live.verification is not None
    blocking = (one for one in live.verification.verdicts if one.blocks)
    failed = next(one.message for one in blocking if one.verdict is Verdict.FAIL)
    leaves, to = live.version.number, earlier.version.number
    why = f"version {leaves} fails the gates that are declared now ({failed}); version {to} passes"
    return RollBack(leaves, to, why=why)
