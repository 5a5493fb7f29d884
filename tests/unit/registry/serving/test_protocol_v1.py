import json

import pytest

from registry.serving.engine import Classified, Generated, Labelled
from registry.serving.errors import InvalidRequestError
from registry.serving.protocol_v1 import read_question, write_answer
from registry.serving.router import Served
from registry.serving.service import Answer

SERVED = Served("intents", 7, loaded=None)


def read(**body: object):
    return read_question("intents", json.dumps(body).encode())


def refused(body: bytes) -> InvalidRequestError:
    with pytest.raises(InvalidRequestError) as caught:
        read_question("intents", body)
    return caught.value


def test_ids_are_made_up_when_left_out_and_differ():
    question = read(texts=["one", "two"])

    assert len(set(question.ids)) == 2
    assert question.slices == []


def test_ids_and_slices_are_kept():
    question = read(texts=["one"], ids=["a"], slices=[{"channel": "chat"}])

    assert question.ids == ["a"]
    assert question.slices == [{"channel": "chat"}]


@pytest.mark.parametrize(
    ("body", "field", "problem"),
    [
        ({"texts": []}, "texts", "at least one"),
        ({}, "texts", "required"),
        ({"texts": "one"}, "texts", "list"),
        ({"texts": ["one", 2]}, "texts[1]", "string"),
        ({"texts": [None]}, "texts[0]", "string"),
        ({"instances": ["one"], "texts": ["one"]}, "instances", "not a field"),
        ({"texts": ["x"] * 1001}, "texts", "1001 texts"),
        ({"texts": ["x" * 32_769]}, "texts[0]", "32 KiB"),
        ({"texts": ["\u20ac" * 11_000]}, "texts[0]", "32 KiB"),
        ({"texts": ["one"], "ids": ["a", "b"]}, "ids", "2 entries for 1 texts"),
        ({"texts": ["one"], "slices": []}, "slices", "0 entries for 1 texts"),
        ({"texts": ["one"], "ids": [""]}, "ids[0]", "empty"),
        ({"texts": ["one"], "ids": ["a\x00b"]}, "ids[0]", "control characters"),
        ({"texts": ["one"], "ids": ["a" * 201]}, "ids[0]", "200"),
        ({"texts": ["one"], "slices": [{"channel": 3}]}, "slices[0].channel", "string"),
        ({"texts": ["one"], "slices": [{str(n): "x" for n in range(21)}]}, "slices[0]", "20"),
    ],
)
def test_a_bad_body_is_refused_with_the_field_and_what_is_wrong(body, field, problem):
    error = refused(json.dumps(body).encode())

    assert [one.field for one in error.invalid] == [field]
    assert problem in error.invalid[0].problem
    assert '"texts"' in error.fix


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"texts=one", id="a form"),
        pytest.param(b"\xff\xfe\x00", id="bytes that are not UTF-8"),
        pytest.param(b'{"texts": ["\xff"]}', id="a text that is not UTF-8"),
        pytest.param(b'{"texts": ["\\ud800"]}', id="half a surrogate pair"),
        pytest.param(b"[" * 100_000, id="lists without an end"),
        pytest.param(b'["one"]', id="a list"),
        pytest.param(b"null", id="null"),
    ],
)
def test_what_is_no_request_at_all_is_refused(body):
    assert refused(body).status == 422


def test_all_bad_fields_are_named_at_once():
    error = refused(json.dumps({"texts": [1, "ok", 2], "ids": 3}).encode())

    assert [one.field for one in error.invalid] == ["texts[0]", "texts[2]", "ids"]


def test_texts_with_any_content_are_taken():
    texts = ["", "\x00", "\U0001f600" * 8_000, "x" * 32_768, '"}]', "\u202e"]

    assert read(texts=texts).texts == texts


def test_a_classifiers_answer_names_label_score_and_every_score():
    predictions = [Classified("a", 0.66666668, {"a": 0.66666668, "b": 0.33333331})]

    body = write_answer(Answer(SERVED, ["q"], predictions))

    scores = {"a": 0.666667, "b": 0.333333}
    prediction = {"id": "q", "label": "a", "score": 0.666667, "scores": scores}
    assert body == {"model": "intents", "version": 7, "predictions": [prediction]}


def test_a_generators_answer_is_its_text():
    body = write_answer(Answer(SERVED, ["q"], [Generated("a reply")]))

    assert body["predictions"] == [{"id": "q", "text": "a reply"}]


def test_a_multi_label_answer_names_all_labels_above_the_threshold():
    predictions = [Labelled(["a", "b"], {"a": 0.9, "b": 0.6, "c": 0.1}, 0.6), Labelled([], {}, 1.0)]

    body = write_answer(Answer(SERVED, ["q", "r"], predictions))

    assert body["predictions"] == [
        {"id": "q", "labels": ["a", "b"], "scores": {"a": 0.9, "b": 0.6, "c": 0.1}},
        {"id": "r", "labels": [], "scores": {}},
    ]
