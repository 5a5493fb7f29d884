"""Wrong labels: planted ones are found, by one ranking, and the search says how good it is."""

import random

import numpy as np
import pytest

from controller.data.checks.suspects import check_label_issues
from controller.data.label_search import search
from controller.data.rows import Row
from tests.unit.controller.data.builders import inspection, rows

TOPICS = {
    "card": "card plastic chip pin post deliver envelope activate",
    "refund": "refund money back return merchant shop purchase item",
    "loan": "loan borrow rate interest monthly mortgage repay term",
    "rates": "exchange currency euro dollar rate abroad convert market",
}
FILLER = ["my", "the", "please", "when", "how", "is", "it", "can", "you", "want", "to", "know"]


def questions(count, seed):
    """Draw (text, label): filler with some words of the label's topic."""
    draw = random.Random(seed)
    found = []
    for number in range(count):
        label = list(TOPICS)[number % len(TOPICS)]
        words = draw.sample(TOPICS[label].split(), 3) + draw.sample(FILLER, 4)
        draw.shuffle(words)
        found.append((f"{' '.join(words)} {number}", label))
    return found


def flipped(pairs, every):
    names = list(TOPICS)
    return [
        (text, names[(names.index(label) + 1) % 4] if number % every == 7 else label)
        for number, (text, label) in enumerate(pairs)
    ]


WRONG = set(range(8, 401, 21))
"""Numbers of the rows that ``flipped(..., 21)`` damages."""


def test_planted_wrong_labels_are_found_with_the_right_one_suggested():
    pairs = questions(400, seed=1)
    found = inspection(rows(*flipped(pairs, 21)), rows(*questions(40, seed=2)))

    check_label_issues(found)

    finding = found.findings[0]
    assert (finding.check, finding.split, finding.action) == ("label_issues", "train", "report")
    assert set(finding.rows) <= WRONG
    assert len(finding.rows) >= 12
    assert all(
        shown["suggested"] == pairs[shown["row"] - 1][1]
        for shown in finding.examples
        if shown["row"] in WRONG
    )
    facts = found.facts["label_issues"]
    assert facts["estimated_rate"]["low"] < 0.05 < facts["estimated_rate"]["high"]
    assert facts["planted"]["random"]["recall"] > 0.5


@pytest.mark.parametrize(("action", "left"), [("report", 400), ("quarantine", 386)])
def test_labels_are_never_changed_and_rows_leave_only_when_asked(action, left):
    train = rows(*flipped(questions(400, seed=1), 21))
    found = inspection(train, rows(*questions(40, seed=2)), label_issues=action)

    check_label_issues(found)

    assert len(found.rows["train"]) == pytest.approx(left, abs=3)
    assert all(row in train for row in found.rows["train"])
    assert len(found.quarantined) == 400 - len(found.rows["train"])


@pytest.mark.parametrize(("limit", "action"), [(0.01, "fail"), (0.2, "report")])
def test_fail_is_meant_of_more_wrong_labels_than_declared(limit, action):
    train = rows(*flipped(questions(400, seed=1), 21))
    declared = {"label_issues": "fail", "max_label_noise": limit}
    found = inspection(train, rows(*questions(40, seed=2)), **declared)

    check_label_issues(found)

    assert found.findings[0].action == action


def test_held_out_suspects_are_reported_and_stay_whatever_the_action():
    test = rows(*flipped(questions(200, seed=2), 21))
    found = inspection(rows(*questions(400, seed=1)), test, label_issues="quarantine")

    check_label_issues(found)

    finding = next(one for one in found.findings if one.split == "test")
    assert finding.action == "report"
    assert {8, 29, 50, 71} <= set(finding.rows)
    assert found.rows["test"] == test


def test_rows_beyond_those_that_are_fitted_are_judged_too(monkeypatch):
    monkeypatch.setattr("controller.data.label_search.FITTED_ROWS", 200)
    pairs = flipped(questions(400, seed=1), 21)
    names = list(TOPICS)
    labels = np.array([names.index(label) for _, label in pairs])

    found = search({"train": ([text for text, _ in pairs], labels)}, 4, seed=3)

    assert (found.facts["fitted"], found.facts["judged"]) == (201, 400)
    assert len(WRONG & {suspect.row + 1 for suspect in found.suspects["train"]}) >= 12


def test_the_same_rows_give_the_same_suspects():
    train = rows(*flipped(questions(400, seed=1), 21))
    first, second = (inspection(list(train), rows(*questions(40, seed=2))) for _ in range(2))

    check_label_issues(first)
    check_label_issues(second)

    assert first.findings == second.findings


def test_a_label_with_few_rows_is_not_judged():
    train = [*rows(*questions(120, seed=1)), Row(121, "something of its own", "lonely", {})]
    found = inspection(train, rows(*questions(8, seed=2)))

    check_label_issues(found)

    assert found.facts["label_issues"]["judged"] == 120


def test_labels_that_no_words_tell_apart_are_not_listed():
    draw = random.Random(5)
    pairs = [(text, draw.choice(list(TOPICS))) for text, _ in questions(300, seed=1)]
    found = inspection(rows(*pairs), rows(*questions(8, seed=2)))

    check_label_issues(found)

    [finding] = found.findings
    assert finding.action == "skipped"
    assert "cannot tell these labels apart" in finding.message
    assert found.facts["label_issues"]["agreement"] < 0.6
