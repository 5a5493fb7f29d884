"""The plain predict endpoint, ``POST /v1/models/NAME:predict``: its wire types, both ways."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from registry.serving.bodies import Word, check_texts, parse, request_ids
from registry.serving.engine import Generated, Labelled, Prediction
from registry.serving.errors import Invalid, InvalidRequestError
from registry.serving.service import Answer, Question

FIX = 'send {"texts": ["a text", "another"]}, with "ids" and "slices" of the same length if any'

SCORE_DIGITS = 6


class PredictRequest(BaseModel):
    """What a caller sends."""

    model_config = ConfigDict(extra="forbid", strict=True)

    texts: list[str]
    """1 to 1,000 texts of at most 32 KiB each."""
    ids: list[Word] | None = None
    """One per text; made up when left out."""
    slices: list[Annotated[dict[Word, Word], Field(max_length=20)]] | None = None
    """One per text: which slice of each family it belongs to."""


class PredictionOut(BaseModel):
    """The answer to one text: label and scores from a classifier, text from a generator.

    A multi-label classifier gives ``labels``, those above its threshold, instead of ``label``.
    """

    id: str
    labels: list[str] | None = None
    label: str | None = None
    score: float | None = None
    scores: dict[str, float] | None = None
    text: str | None = None


class PredictResponse(BaseModel):
    """What a caller gets."""

    model: str
    version: int
    predictions: list[PredictionOut]


def read_question(model: str, body: bytes) -> Question:
    """Make a question of a request's body.

    Raises:
        InvalidRequestError: With every field that is wrong.
    """
    request = parse(PredictRequest, body, fix=FIX)
    check_texts(request.texts, field="texts", fix=FIX)
    count = len(request.texts)
    lists = (("ids", request.ids), ("slices", request.slices))
    invalid = [
        Invalid(field, f"has {len(values)} entries for {count} texts")
        for field, values in lists
        if values is not None and len(values) != count
    ]
    if invalid:
        raise InvalidRequestError(invalid, fix=FIX)
    return Question(
        model=model,
        texts=request.texts,
        ids=request.ids or request_ids(count),
        slices=request.slices or [],
    )


def write_answer(answer: Answer) -> dict[str, Any]:
    """Make the response's body."""
    return {
        "model": answer.served.model,
        "version": answer.served.number,
        "predictions": [
            {"id": text_id, **_out(prediction)}
            for text_id, prediction in zip(answer.ids, answer.predictions, strict=True)
        ],
    }


def _out(prediction: Prediction) -> dict[str, Any]:
    if isinstance(prediction, Generated):
        return {"text": prediction.text}
    scores = {label: round(score, SCORE_DIGITS) for label, score in prediction.scores.items()}
    if isinstance(prediction, Labelled):
        return {"labels": list(prediction.labels), "scores": scores}
    return {
        "label": prediction.label,
        "score": round(prediction.score, SCORE_DIGITS),
        "scores": scores,
    }
