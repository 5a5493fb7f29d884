"""The model page's table of trials, over the real store."""

from registry.records import RunKind, RunState
from registry.store import runs
from registry.store.trials import record_trial
from registry.trial_records import TrialDraft
from specs.digest import digest_of
from tests.contract import rows
from tests.contract.rows import LATER, MODEL, NOW


def test_the_page_shows_the_trials_of_the_newest_search(web, registry_database):
    with registry_database.transaction() as session:
        rows.two_versions(session)
        draft = TrialDraft(
            MODEL,
            digest_of("search"),
            1,
            2,
            digest_of("one"),
            "org/base",
            {"lora.r": 8},
            "f1_macro",
        )
        record_trial(session, draft, now=NOW)
        run = rows.start_run(session, kind=RunKind.TRIAL)
        result = {"training": {"validation": {"f1_macro": 0.875}}}
        runs.finish_run(session, run.id, state=RunState.SUCCEEDED, result=result, now=LATER)

    text = " ".join(web.get(f"/models/{MODEL}").text.split())

    assert "1 of 2 trials" in text
    assert "lora.r <code>8</code>" in text
    assert "0.875" in text
