"""The report and the reference window."""

from controller.evaluation.evidence import rows_from
from controller.evaluation.reference import MAX_ROWS, reference_of
from controller.evaluation.report import report_on_rows, worst_rows


def judged(row, label, predicted, *, loss=0.5):
    return {
        "row": row,
        "key": "k",
        "slices": {"channel": "web"},
        "label": label,
        "predicted": predicted,
        "score": 0.9,
        "correct": label == predicted,
        "loss": loss,
    }


ROWS = [
    judged(1, "a", "a"),
    judged(2, "a", "b", loss=3.0),
    judged(3, "a", "b", loss=4.0),
    judged(4, "b", "b"),
]
TEXTS = ["one", "two", "three", "four"]


def test_the_report_counts_each_label_and_each_confusion():
    report = report_on_rows(rows_from(ROWS))

    assert report["per_label"]["a"]["recall"] == 1 / 3
    assert report["per_label"]["b"]["precision"] == 1 / 3
    assert report["per_label"]["b"]["f1"] == 0.5
    assert report["confusion"]["most_confused"] == [{"label": "a", "predicted": "b", "count": 2}]
    assert sum(count for _, _, count in report["confusion"]["cells"]) == 4


def test_the_worst_rows_are_the_wrong_ones_with_the_highest_loss_first():
    assert [row["text"] for row in worst_rows(ROWS, TEXTS)] == ["three", "two"]


def test_the_reference_has_the_training_words_and_the_predicted_labels():
    reference = reference_of(["Where is it", "it is late"], ROWS, TEXTS)

    assert reference["vocabulary"] == ["is", "it", "late", "where"]
    assert reference["rows"][1] == {
        "text": "two",
        "label": "b",
        "score": 0.9,
        "slices": {"channel": "web"},
    }


def test_a_large_reference_is_thinned_over_its_whole_range():
    rows = [judged(index, "a", "a") for index in range(MAX_ROWS + 500)]
    texts = [str(index) for index in range(MAX_ROWS + 500)]

    kept = [int(row["text"]) for row in reference_of([], rows, texts)["rows"]]

    assert len(kept) == MAX_ROWS
    assert kept == sorted(set(kept))
    assert kept[-1] > MAX_ROWS
