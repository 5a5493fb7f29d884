"""Rows and texts that are longer than the model takes: refused, or cut and counted."""

from collections.abc import Sequence
from typing import Any

from transformers import AutoConfig

from controller.errors import TrainingError
from controller.training.job import TrainJob
from controller.training.learner import Metrics, TokenRow
from registry.serving.tokens import Side

CUT = "is_cut"
"""The key of a ``TokenRow`` that says whether tokens of the row were cut off."""
POSITIONS_AFTER_PADDING = frozenset(
    {"camembert", "data2vec-text", "longformer", "mpnet", "roberta", "roberta-prelayernorm"}
    | {"xlm-roberta", "xlm-roberta-xl", "xmod"}
)
"""Architectures that count positions from behind the padding token's number."""
_ROWS_NAMED = 5


def check_max_length(job: TrainJob) -> None:
    """Refuse a ``max_length`` for which the base has no position embeddings.

    Raises:
        TrainingError: With the number of tokens that it takes.
    """
    limit = longest_input(AutoConfig.from_pretrained(job.base.folder))
    wanted = job.training.arguments.max_length
    if limit is not None and wanted > limit:
        problem = f"training.arguments.max_length is {wanted}, but {job.base.model} takes {limit}"
        fix = f"set max_length to at most {limit}, or choose a base for longer texts"
        raise TrainingError(problem, reason="MaxLengthTooLong", fix=fix)


def longest_input(config: Any) -> int | None:
    """Tokens that an architecture takes; None where its positions are relative, so without end."""
    limit = getattr(config, "max_position_embeddings", None)
    if limit is None or getattr(config, "position_biased_input", True) is False:
        return None
    if config.model_type in POSITIONS_AFTER_PADDING:
        return int(limit) - int(config.pad_token_id) - 1
    return int(limit)


def side_of(job: TrainJob) -> Side:
    """The end of a text that is cut; the right one where nothing may be cut in training."""
    return "left" if job.training.truncation == "left" else "right"


def refuse_cut(job: TrainJob, split: str, rows: Sequence[TokenRow], numbers: Sequence[int]) -> None:
    """Under ``truncation: refuse``, name the rows that would have to be cut.

    Args:
        job: The job.
        split: ``train`` or ``validation``.
        rows: The rows, tokenised and marked.
        numbers: Each row's number in its file.

    Raises:
        TrainingError: When there are any.
    """
    if job.training.truncation != "refuse":
        return
    cut = [number for row, number in zip(rows, numbers, strict=True) if row.get(CUT)]
    if cut:
        named = ", ".join(str(number) for number in cut[:_ROWS_NAMED])
        more = f" and {len(cut) - _ROWS_NAMED} more" if len(cut) > _ROWS_NAMED else ""
        limit = job.training.arguments.max_length
        problem = f"{len(cut)} {split} rows are longer than max_length {limit}: row {named}{more}"
        fix = "raise max_length, shorten the rows, or set training.truncation: right or left"
        raise TrainingError(problem, reason="RowTooLong", fix=fix)


def cut_counts(rows: Sequence[TokenRow]) -> Metrics:
    """How many training rows were cut, and their share: for the run's result."""
    count = sum(bool(row.get(CUT)) for row in rows)
    return {"truncated_rows": count, "truncated_share": round(count / len(rows), 6)}


def cut_words(rows: Sequence[TokenRow]) -> str:
    """Say it in a progress message; empty when nothing was cut."""
    count = sum(bool(row.get(CUT)) for row in rows)
    return f", {count} cut ({count / len(rows):.1%})" if count else ""
