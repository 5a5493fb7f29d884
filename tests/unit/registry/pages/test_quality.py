"""The model page's labels and calibration, over the real store."""

from registry.store import versions
from tests.contract import rows
from tests.contract.rows import MODEL
from tests.unit.registry.pages.test_studies import store

BIN = {"n": 40, "confidence": 0.95, "accuracy": 0.85, "accuracy_low": 0.71, "accuracy_high": 0.93}
ENDS = {f"{name}_{end}": 0.5 for name in ("precision", "recall", "f1") for end in ("low", "high")}
LABEL = {"n": 20, "predicted": 22, "precision": 0.8, "recall": 0.9, "f1": 0.847, **ENDS}
REPORT = {
    "per_label": {
        "<b>refund</b>": LABEL | {"roc_auc": 0.97, "roc_auc_low": 0.9, "roc_auc_high": 0.99},
        "card": LABEL | {"f1": 0.2},
    },
    "calibration": {
        "bins": [{"from": 0.9333, "to": 1.0, **BIN}],
        "error": 0.1,
        "null_mean": 0.04,
        "null_quantile": 0.07,
        "null_level": 0.95,
    },
}


def test_the_page_shows_the_weakest_label_first_and_calibration_beside_its_null(
    web, registry_database
):
    with registry_database.transaction() as session:
        store(session, REPORT, ())

    text = " ".join(web.get(f"/models/{MODEL}").text.split())

    assert text.index('<th scope="row">card</th>') < text.index("&lt;b&gt;refund&lt;/b&gt;")
    assert "more than what a calibrated version shows on these rows (0.040 on average" in text
    assert "0.93\u20131.00" in text
    assert '0.850 <span class="interval">0.710\u20130.930' in text


def test_a_page_without_such_evidence_shows_no_empty_panel(web, registry_database):
    with registry_database.transaction() as session:
        rows.two_versions(session)
        assert versions.list_versions(session, MODEL)

    assert (
        '<section id="quality" data-live class="panel" hidden>' in web.get(f"/models/{MODEL}").text
    )
