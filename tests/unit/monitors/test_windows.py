import json

import pytest

from monitors.windows import (
    LEAST_REFERENCE_ROWS,
    CurrentWindow,
    Reference,
    ReferenceRow,
    load_reference,
    parse_reference,
)
from registry.errors import NotFoundError
from registry.records import Blob, EvaluationRecord
from specs.names import Digest
from tests.unit.monitors.desk import START, traffic

CONTENT = {
    "format": 1,
    "vocabulary": ["card", "lost"],
    "rows": [
        {"text": "lost card", "label": "card", "score": 0.9, "slices": {}},
        {"text": "lost zebra", "label": "other", "score": 0.4, "slices": {}},
    ],
}


class OneBlob:
    """An artifact store with one blob."""

    def read_bytes(self, digest):
        assert digest == "sha256:ab"
        return json.dumps(CONTENT).encode()


def evaluation(files):
    return EvaluationRecord(
        model="desk",
        version=3,
        evaluation_digest=Digest("sha256:cd"),
        run_id="r-1",
        metrics={},
        slices={},
        report={},
        files=files,
        created_at=START,
    )


def test_the_reference_is_the_evaluations_own():
    found = load_reference(
        OneBlob(), evaluation({"reference.json": Blob(Digest("sha256:ab"), 100)})
    )

    assert found.labels == ["card", "other"]
    assert found.vocabulary == {"card", "lost"}
    assert found.unknown_term_rows == {"zebra": 1}


def test_an_evaluation_without_a_reference_says_whose_it_is():
    with pytest.raises(NotFoundError, match="desk@3"):
        load_reference(OneBlob(), evaluation({}))


def test_generated_rows_have_no_labels():
    rows = [{"text": "a prompt", "label": None}, {"text": "another"}]

    found = parse_reference({"vocabulary": [], "rows": rows})

    assert found.labels == []


def test_a_reference_below_fifty_rows_is_too_small():
    rows = (ReferenceRow("text", "label"),)

    assert not Reference(frozenset(), rows * (LEAST_REFERENCE_ROWS - 1)).is_large_enough
    assert Reference(frozenset(), rows * LEAST_REFERENCE_ROWS).is_large_enough


def test_the_current_window_keeps_the_newest_requests():
    window = CurrentWindow(20)

    for stored in traffic(35):
        window.add(stored)

    assert len(window) == 20
    assert [stored.sequence for stored in window.rows] == list(range(16, 36))
