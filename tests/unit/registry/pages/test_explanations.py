"""The model page's explanations: a text in parts, and the panel over the real store."""

from registry.pages.explanations import Part, explanation
from registry.store import versions
from tests.contract import rows
from tests.contract.rows import MODEL
from tests.unit.registry.pages.test_studies import store

ROW = {
    "row": 7,
    "text": "where is <b>my</b> card, please",
    "label": "refund",
    "explained": "card",
    "correct": False,
    "chance": 0.883,
    "words": [
        {"start": 0, "end": 5, "gradients": 1.0, "occlusion": 0.1},
        {"start": 6, "end": 8, "gradients": 0.1, "occlusion": 0.0},
        {"start": 19, "end": 23, "gradients": 4.0, "occlusion": 0.5},
        {"start": 25, "end": 31, "gradients": -2.0, "occlusion": -0.2},
    ],
}
TEMPLATE = {
    "label": "card",
    "kind": "template",
    "rows": 5,
    "share": 0.8,
    "words": ["best regards"],
    "training_share": 0.95,
    "examples": ["Best regards, Bob"],
}
REPORT = {
    "explain": {
        "rows": 200,
        "wrong": 54,
        "baseline": "[MASK]",
        "words_removed": 0.2,
        "convergence": {"median_gap": 9.95},
        "labels": [
            {"label": "card", "rows": 5, "words": [{"word": "card", "share": 0.41, "rows": 4}]}
        ],
        "spurious": [TEMPLATE, TEMPLATE | {"kind": "number", "words": ["12", "13"]}],
        "examples": [ROW],
    }
}
NAMES = ("explain.faithfulness_gain", "explain.convergence_delta")


def test_a_text_is_cut_into_parts_as_strong_as_they_counted():
    found = explanation(ROW)

    assert "".join(part.text for part in found.parts) == ROW["text"]
    strong = [(part.text, part.strength, part.side) for part in found.parts if part.strength]
    assert strong == [("where", 1, "for"), ("card", 4, "for"), ("please", 2, "against")]
    assert found.most_for == ["card +4.00", "where +1.00"]
    assert found.most_against == ["please \N{MINUS SIGN}2.00"]
    assert explanation({"text": "", "words": []}).parts == []
    nothing = {"start": 0, "end": 1, "gradients": 0.0, "occlusion": 0.0}
    assert explanation({"text": "a", "words": [nothing]}).parts[0].strength == 0
    assert Part("a").strength == 0


def test_the_page_shows_texts_flags_and_the_words_of_labels(web, registry_database):
    with registry_database.transaction() as session:
        store(session, REPORT, NAMES)

    text = " ".join(web.get(f"/models/{MODEL}").text.split())

    assert '<mark class="for strong-4" title="+4.00 log odds;' in text
    assert "is &lt;b&gt;my&lt;/b&gt; " in text
    assert "Against: please \N{MINUS SIGN}2.00" in text
    assert "<code>best regards</code> carries 80 % of it over 5 rows, and stands in 95 %" in text
    assert "numbers: 80 % of what speaks for it over 5 rows (12, 13)" in text
    assert 'card <span class="interval">41 %</span>' in text
    assert "an answer loses 0.123" in text


def test_a_page_without_explanations_shows_no_panel(web, registry_database):
    with registry_database.transaction() as session:
        rows.two_versions(session)
        assert versions.list_versions(session, MODEL)

    text = web.get(f"/models/{MODEL}").text

    assert '<section id="explanations" data-live class="panel" hidden>' in text
