"""The Open Inference Protocol (KServe's V2), JSON form: its wire types, both ways.

A model takes one BYTES tensor ``text``. A classifier gives ``label`` (BYTES), ``score`` (FP32) and
``probabilities`` (FP32, one row per text in the order of the version's labels); a multi-label
one gives ``labels`` (BYTES, a JSON list per text) and ``probabilities``; a generator gives ``text``
(BYTES). Binary tensors are an extension of the protocol that is not spoken here.
"""

import json
from collections.abc import Iterator, Sequence
from math import prod
from typing import Any

from pydantic import BaseModel, ConfigDict

from registry.serving.bodies import Word, check_texts, parse, request_ids
from registry.serving.engine import Classified, Generated, Labelled
from registry.serving.errors import Invalid, InvalidRequestError
from registry.serving.protocol_v1 import SCORE_DIGITS
from registry.serving.router import Entry, Served
from registry.serving.service import Answer, Question

FIX = (
    'send {"inputs": [{"name": "text", "shape": [1], "datatype": "BYTES", "data": ["a text"]}]}'
    " as JSON"
)
PLATFORM = "trueup_transformers"
BINARY_HEADER = "inference-header-content-length"

Json = dict[str, Any]


class TensorIn(BaseModel):
    """One input tensor."""

    model_config = ConfigDict(extra="forbid", strict=True)

    name: str
    shape: list[int]
    datatype: str
    parameters: Json = {}
    data: list[Any]
    """Flat, or nested as the shape says."""


class OutputWanted(BaseModel):
    """One output tensor that is asked for."""

    model_config = ConfigDict(extra="forbid", strict=True)

    name: str
    parameters: Json = {}


class InferRequest(BaseModel):
    """What a caller sends."""

    model_config = ConfigDict(extra="forbid", strict=True)

    id: Word | None = None
    parameters: Json = {}
    inputs: list[TensorIn]
    outputs: list[OutputWanted] | None = None
    """None: all of them."""


class TensorOut(BaseModel):
    """One output tensor; ``data`` is flat."""

    name: str
    datatype: str
    shape: list[int]
    data: list[Any]


class InferResponse(BaseModel):
    """What a caller gets."""

    model_name: str
    model_version: str
    id: str
    outputs: list[TensorOut]


def read_request(body: bytes) -> InferRequest:
    """Check a request's body.

    Raises:
        InvalidRequestError: With what is wrong.
    """
    return parse(InferRequest, body, fix=FIX)


def question_of(model: str, request: InferRequest, *, version: str | None) -> Question:
    """Make a question of a request.

    Raises:
        InvalidRequestError: There is not exactly one BYTES tensor with as many texts as it says.
    """
    if len(request.inputs) != 1:
        problem = f"there are {len(request.inputs)} tensors, one is taken"
        raise InvalidRequestError([Invalid("inputs", problem)], fix=FIX)
    texts = _texts_of(request.inputs[0])
    check_texts(texts, field="inputs[0].data", fix=FIX)
    ids = request_ids(len(texts))
    if request.id is not None:
        alone = len(texts) == 1
        ids = [request.id if alone else f"{request.id}-{index}" for index in range(len(texts))]
    return Question(model=model, texts=texts, ids=ids, slices=[], version=version)


def write_answer(answer: Answer, request: InferRequest) -> Json:
    """Make the response's body.

    Raises:
        InvalidRequestError: An output is asked for that there is not.
    """
    outputs = {tensor["name"]: tensor for tensor in _tensors(answer)}
    wanted = [output.name for output in request.outputs or []]
    unknown = [name for name in wanted if name not in outputs]
    if unknown:
        invalid = [Invalid("outputs", f"there is no output {name!r}") for name in unknown]
        raise InvalidRequestError(invalid, fix=f"ask for: {', '.join(outputs)}")
    return {
        "model_name": answer.served.model,
        "model_version": str(answer.served.number),
        "id": request.id or answer.ids[0],
        "outputs": [outputs[name] for name in wanted or outputs],
    }


def model_metadata(entry: Entry, served: Served) -> Json:
    """Describe a model as ``served`` answers for it."""
    labels = served.loaded.labels
    # Only a multi-label version has one.
    threshold = getattr(served.loaded, "threshold", None)
    parameters = {"live_version": served.number, "labels": list(labels)}
    outputs = _OUTPUTS_OF_GENERATOR
    if threshold is not None:
        parameters["threshold"] = threshold
        outputs = _outputs_of_labeller(len(labels))
    elif labels:
        outputs = _outputs_of_classifier(len(labels))
    return {
        "name": entry.name,
        "versions": [str(one.number) for one in entry.warm],
        "platform": PLATFORM,
        "inputs": [{"name": "text", "datatype": "BYTES", "shape": [-1]}],
        "outputs": outputs,
        "parameters": parameters,
    }


_OUTPUTS_OF_GENERATOR = [{"name": "text", "datatype": "BYTES", "shape": [-1]}]


def _outputs_of_labeller(labels: int) -> list[Json]:
    return [
        {"name": "labels", "datatype": "BYTES", "shape": [-1]},
        {"name": "probabilities", "datatype": "FP32", "shape": [-1, labels]},
    ]


def _outputs_of_classifier(labels: int) -> list[Json]:
    return [
        {"name": "label", "datatype": "BYTES", "shape": [-1]},
        {"name": "score", "datatype": "FP32", "shape": [-1]},
        {"name": "probabilities", "datatype": "FP32", "shape": [-1, labels]},
    ]


def _texts_of(tensor: TensorIn) -> list[str]:
    texts = list(_flat(tensor.data))
    problems = []
    if tensor.datatype != "BYTES":
        problems.append(Invalid("inputs[0].datatype", f"is {tensor.datatype}, BYTES is taken"))
    if prod(tensor.shape) != len(texts):
        shape = f"says {prod(tensor.shape)} texts, data holds {len(texts)}"
        problems.append(Invalid("inputs[0].shape", shape))
    if not all(isinstance(text, str) for text in texts):
        problems.append(Invalid("inputs[0].data", "must hold strings only"))
    if problems:
        raise InvalidRequestError(problems, fix=FIX)
    return texts


def _flat(data: Sequence[Any]) -> Iterator[Any]:
    """Values in row-major order; JSON nests no deeper than its parser allows."""
    for one in data:
        if isinstance(one, list):
            yield from _flat(one)
        else:
            yield one


def _tensors(answer: Answer) -> Iterator[Json]:
    predictions = answer.predictions
    generated = [one.text for one in predictions if isinstance(one, Generated)]
    if generated:
        yield _tensor("text", "BYTES", [len(generated)], generated)
        return
    labelled = [one for one in predictions if isinstance(one, Labelled)]
    if labelled:
        sets = [json.dumps(list(one.labels), ensure_ascii=False) for one in labelled]
        yield _tensor("labels", "BYTES", [len(sets)], sets)
        yield _probabilities(labelled)
        return
    classified = [one for one in predictions if isinstance(one, Classified)]
    count = len(classified)
    scores = [round(one.score, SCORE_DIGITS) for one in classified]
    yield _tensor("label", "BYTES", [count], [one.label for one in classified])
    yield _tensor("score", "FP32", [count], scores)
    yield _probabilities(classified)


def _probabilities(predictions: Sequence[Classified | Labelled]) -> Json:
    rows = [round(value, SCORE_DIGITS) for one in predictions for value in one.scores.values()]
    return _tensor("probabilities", "FP32", [len(predictions), len(rows) // len(predictions)], rows)


def _tensor(name: str, datatype: str, shape: list[int], data: list[Any]) -> Json:
    return {"name": name, "datatype": datatype, "shape": shape, "data": data}
