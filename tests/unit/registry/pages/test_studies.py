"""The model page's robustness and bias, over the real store."""

from dataclasses import replace

from registry.records import Estimate
from registry.store import evaluations, versions
from tests.contract import rows
from tests.contract.rows import MODEL, NOW

EXAMPLE = {
    "row": 7,
    "before": "where is <b>my</b> card",
    "after": "wehre is <b>my</b> card",
    "label": "card",
    "predicted": "card",
    "predicted_after": "refund",
}
RATE = {"value": 0.5, "low": 0.4, "high": 0.6, "n": 40, "method": "wilson"}
REPORT = {
    "robustness": {
        "perturbations": {"typos": {"changed": 90, "rows": 100, "examples": [EXAMPLE]}},
        "attack": {
            "rows": 50,
            "right_before": 45,
            "broken": 20,
            "queries": 1234,
            "examples": [EXAMPLE],
        },
    },
    "bias": {
        "counterfactuals": {
            "gender": {
                "pairs": 12,
                "enough": False,
                "by_source": {"in_place": {"pairs": 2, "flips": 0}},
                "examples": [],
            }
        },
        "groups": {
            "channel": {
                "groups": {
                    "web": {
                        "rows": 40,
                        "accuracy": RATE,
                        "outcomes": {
                            "refund": dict.fromkeys(
                                ("selection_rate", "true_positive_rate", "false_positive_rate"),
                                RATE,
                            )
                        },
                    }
                },
                "too_small": {"fax": 3},
                "outcomes": ["refund"],
                "labels_compared": 1,
            }
        },
    },
    "mitigation": {
        "against": 1,
        "metrics": {"accuracy": {"with": RATE, "without": RATE, "change": RATE}},
        "slices": {},
    },
}
NAMES = (
    "robustness.typos.accuracy_drop",
    "robustness.typos.flip_rate",
    "robustness.worst.accuracy",
    "robustness.attack.accuracy",
    "bias.gender.flip_rate",
    "bias.gender.score_gap",
    "bias.channel.accuracy_gap",
)


def store(session, report, names):
    rows.two_versions(session)
    version = versions.list_versions(session, MODEL)[-1]
    draft = rows.evaluation_draft(version)
    metrics = {name: Estimate(0.123, 0.1, 0.2, 90, "wilson") for name in names}
    draft = replace(
        draft,
        evaluation_digest=f"sha256:{'f' * 64}",
        metrics={**draft.metrics, **metrics},
        report={**draft.report, **report},
    )
    evaluations.record_evaluation(session, draft, now=NOW)


def test_the_page_shows_noise_swaps_groups_and_what_mitigation_was_worth(web, registry_database):
    with registry_database.transaction() as session:
        store(session, REPORT, NAMES)

    text = " ".join(web.get(f"/models/{MODEL}").text.split())

    assert "wehre is &lt;b&gt;my&lt;/b&gt; card" in text
    assert 'title="95 % interval, wilson, n = 90">0.100' in text
    assert "20 of 45 right answers broken with 1,234 queries" in text
    assert "gender: 12 pairs are too few to show anything" in text
    assert "refund: selection rate" in text
    assert "Not compared, under 20 rows: fax (3)" in text
    assert "Without, v1" in text


def test_a_page_without_such_evidence_shows_no_empty_panels(web, registry_database):
    with registry_database.transaction() as session:
        rows.two_versions(session)

    text = web.get(f"/models/{MODEL}").text

    assert '<section id="robustness" data-live class="panel" hidden>' in text
    assert '<section id="bias" data-live class="panel" hidden>' in text
