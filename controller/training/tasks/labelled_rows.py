"""Prepared rows of a classification job: checked, mitigated, tokenised, with their labels."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from controller.training.job import TrainJob
from controller.training.learner import TokenRow
from controller.training.mitigation import ADDED, WEIGHT, Row, mitigate
from controller.training.tasks import lengths
from controller.training.tasks.rows import (
    check_labels,
    is_multi_label,
    labels_of,
    read_labels,
    read_rows,
    read_training_rows,
)
from registry.serving.tokens import TextTokenizer


@dataclass(frozen=True)
class Labelled:
    """What a classification learns from."""

    labels: list[str]
    """In the order of the logits."""
    is_multi_label: bool
    tokens: dict[str, list[TokenRow]]
    """``train`` and ``validation``; ``labels`` holds a number, or the numbers of a set."""
    facts: dict[str, Any]
    """For the run's result: rows left out, mitigation."""

    @property
    def left_out_words(self) -> str:
        """Say in a progress message which validation rows are not measured."""
        count = self.facts.get("validation_rows_left_out", 0)
        return f", {count} validation rows left out (unseen labels)" if count else ""


def read_labelled(job: TrainJob) -> Labelled:
    """Read, check, mitigate and tokenise the rows; no weights are loaded.

    Raises:
        TrainingError: When a row, a label or ``max_length`` does not fit.
    """
    lengths.check_max_length(job)
    rows = read_training_rows(job.prepared)
    labels = read_labels(job.prepared)
    check_labels(labels, rows)
    # A validation label that training never saw cannot be learnt, and is not measured here.
    held = read_rows(job.prepared, "validation")
    known = [row for row in held if set(labels_of(row)) <= set(labels)]
    mitigated = mitigate(rows, job.training.mitigation, seed=job.training.seed)
    facts: dict[str, Any] = {"validation_rows_left_out": len(held) - len(known)}
    if mitigated.record:
        facts["mitigation"] = dict(mitigated.record)
    splits = {"train": mitigated.rows, "validation": known}
    tokens = {name: _tokenised(name, found, labels, job) for name, found in splits.items()}
    return Labelled(labels, is_multi_label(rows), tokens, facts)


def _tokenised(
    split: str, rows: Sequence[Row], labels: Sequence[str], job: TrainJob
) -> list[TokenRow]:
    number = {label: index for index, label in enumerate(labels)}
    limit = job.training.arguments.max_length
    tokenizer = TextTokenizer(job.base.folder, max_length=limit, cut=lengths.side_of(job))
    found = tokenizer.cut_ids([row["text"] for row in rows])
    tokens: list[TokenRow] = []
    for row, (ids, is_cut) in zip(rows, found, strict=True):
        numbers = [number[label] for label in labels_of(row)]
        answer = numbers if "labels" in row else numbers[0]
        token_row: TokenRow = {"input_ids": ids, "labels": answer, lengths.CUT: is_cut}
        tokens.append(token_row | {name: row[name] for name in (WEIGHT, ADDED) if name in row})
    lengths.refuse_cut(job, split, tokens, [row["row"] for row in rows])
    return tokens
