import json

import pytest

from registry.serving.engine import Classified, Generated, Labelled
from registry.serving.errors import InvalidRequestError
from registry.serving.protocol_v2 import model_metadata, question_of, read_request, write_answer
from registry.serving.router import Entry, Served
from registry.serving.service import Answer


class LoadedClassifier:
    labels = ("a", "b")


SERVED = Served("intents", 7, LoadedClassifier())
CLASSIFIED = [
    Classified("a", 0.75, {"a": 0.75, "b": 0.25}),
    Classified("b", 0.5, {"a": 0.5, "b": 0.5}),
]


def tensor(**changes: object) -> dict:
    return {"name": "text", "shape": [2], "datatype": "BYTES", "data": ["one", "two"]} | changes


def request(*tensors: dict, **others: object):
    return read_request(json.dumps({"inputs": list(tensors), **others}).encode())


def ask(*tensors: dict, **others: object):
    return question_of("intents", request(*tensors, **others), version=None)


def test_texts_come_out_of_a_flat_tensor():
    assert ask(tensor()).texts == ["one", "two"]


def test_texts_come_out_of_a_nested_tensor():
    assert ask(tensor(shape=[2, 1], data=[["one"], ["two"]])).texts == ["one", "two"]


def test_the_request_id_becomes_the_id_of_its_texts():
    assert ask(tensor(), id="q").ids == ["q-0", "q-1"]
    assert ask(tensor(shape=[1], data=["one"]), id="q").ids == ["q"]


@pytest.mark.parametrize(
    ("tensors", "field"),
    [
        ([], "inputs"),
        ([tensor(), tensor()], "inputs"),
        ([tensor(datatype="FP32", data=[1.0, 2.0])], "inputs[0].datatype"),
        ([tensor(shape=[3])], "inputs[0].shape"),
        ([tensor(data=["one", 2])], "inputs[0].data"),
        ([tensor(shape=[0], data=[])], "inputs[0].data"),
    ],
)
def test_a_tensor_that_does_not_fit_is_refused(tensors, field):
    with pytest.raises(InvalidRequestError) as caught:
        ask(*tensors)

    assert field in [one.field for one in caught.value.invalid]


def test_every_output_is_given_in_the_order_of_the_labels():
    body = write_answer(Answer(SERVED, ["x", "y"], CLASSIFIED), request(tensor(), id="q"))

    assert body["model_name"] == "intents"
    assert body["model_version"] == "7"
    assert body["id"] == "q"
    assert body["outputs"] == [
        {"name": "label", "datatype": "BYTES", "shape": [2], "data": ["a", "b"]},
        {"name": "score", "datatype": "FP32", "shape": [2], "data": [0.75, 0.5]},
        {
            "name": "probabilities",
            "datatype": "FP32",
            "shape": [2, 2],
            "data": [0.75, 0.25, 0.5, 0.5],
        },
    ]


def test_only_the_outputs_that_are_asked_for_are_given():
    asked = request(tensor(), outputs=[{"name": "score"}])

    body = write_answer(Answer(SERVED, ["x", "y"], CLASSIFIED), asked)

    assert [output["name"] for output in body["outputs"]] == ["score"]


def test_an_output_that_there_is_not_is_refused_with_those_that_there_are():
    asked = request(tensor(), outputs=[{"name": "logits"}])

    with pytest.raises(InvalidRequestError, match="logits") as caught:
        write_answer(Answer(SERVED, ["x", "y"], CLASSIFIED), asked)

    assert "label, score, probabilities" in caught.value.fix


def test_a_generator_gives_text():
    body = write_answer(Answer(SERVED, ["x"], [Generated("reply")]), request(tensor()))

    assert body["outputs"] == [
        {"name": "text", "datatype": "BYTES", "shape": [1], "data": ["reply"]}
    ]


def test_metadata_names_versions_inputs_and_outputs():
    body = model_metadata(Entry("intents", live=SERVED, warm=(SERVED,)), SERVED)

    assert body["versions"] == ["7"]
    assert body["inputs"] == [{"name": "text", "datatype": "BYTES", "shape": [-1]}]
    assert [output["name"] for output in body["outputs"]] == ["label", "score", "probabilities"]
    assert body["outputs"][2]["shape"] == [-1, 2]
    assert body["parameters"]["labels"] == ["a", "b"]


def test_a_multi_label_answer_has_a_json_list_per_text_and_a_chance_per_label():
    predictions = [
        Labelled(["a", "b"], {"a": 0.9, "b": 0.6}, 0.6),
        Labelled([], {"a": 0.25, "b": 0.25}, 0.75),
    ]

    found = write_answer(Answer(SERVED, ["q", "r"], predictions), request(tensor()))["outputs"]

    assert found == [
        {"name": "labels", "datatype": "BYTES", "shape": [2], "data": ['["a", "b"]', "[]"]},
        {
            "name": "probabilities",
            "datatype": "FP32",
            "shape": [2, 2],
            "data": [0.9, 0.6, 0.25, 0.25],
        },
    ]


def test_the_metadata_of_a_multi_label_version_names_its_threshold():
    class LoadedLabeller(LoadedClassifier):
        threshold = 0.5

    served = Served("intents", 7, LoadedLabeller())

    found = model_metadata(Entry("intents", served, (served,)), served)

    assert found["parameters"]["threshold"] == 0.5
    assert [output["name"] for output in found["outputs"]] == ["labels", "probabilities"]
