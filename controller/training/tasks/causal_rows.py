"""Rows of a causal language model as tokens, each checked before anything is spent on training."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from transformers import AutoConfig

from controller.errors import TrainingError
from controller.training.job import TrainJob
from controller.training.learner import TokenRow
from controller.training.tasks import lengths
from controller.training.tasks.rows import Row, read_rows, read_training_rows
from registry.serving.chat import ChatTemplate, ChatTemplateError, find_chat_template
from registry.serving.chat import special_tokens as texts_of_special_tokens
from registry.serving.forms import (
    ChatForm,
    Example,
    Form,
    PlainForm,
    Prompt,
    kept_on_the_left,
    kept_on_the_right,
)
from registry.serving.generator import PROMPT_TEMPLATE, end_ids
from registry.serving.tokens import TextTokenizer
from specs.chat_templates import template_text

SPANS = "spans"
"""The key of a ``TokenRow`` with the (first, behind) of each stretch of tokens that is learned."""
END = "end"
"""The key of a ``TokenRow`` with the token that ends its last answer."""
_ADD_A_TEMPLATE = (
    "name an instruction-tuned base, or give one in training.generation.chat_template: Jinja, or "
    "simple, which fits every base"
)


@dataclass(frozen=True)
class Writing:
    """How the rows of a job become text."""

    form: Form
    chat_template: str | None
    """Jinja; None where the rows are prompt and completion in a plain text."""


def token_rows(job: TrainJob) -> dict[str, list[TokenRow]]:
    """The tokenised rows of ``train`` and ``validation``, each checked; no weights are loaded.

    Raises:
        TrainingError: When the template or ``max_length`` does not fit a row; names it.
    """
    lengths.check_max_length(job)
    splits = {"train": read_training_rows(job.prepared)}
    splits["validation"] = read_rows(job.prepared, "validation")
    form = writing_of(job).form
    return {name: tokenised(name, rows, job, form) for name, rows in splits.items()}


def writing_of(job: TrainJob) -> Writing:
    """How the job's rows are written: what the spec says, else as the base and the rows say.

    Raises:
        TrainingError: When rows of messages have no chat template.
    """
    base = job.base.folder
    end = end_ids(AutoConfig.from_pretrained(base))
    tokenizer = TextTokenizer(base, max_length=None)
    declared = job.training.generation.chat_template
    source = None if declared is None else template_text(declared)
    if source is None and "messages" in read_training_rows(job.prepared)[0]:
        source = find_chat_template(base)
        if source is None:
            problem = f"rows of messages need a chat template, and {job.base.model} has none"
            raise TrainingError(problem, reason="ChatTemplateAbsent", fix=_ADD_A_TEMPLATE)
    if source is None:
        return Writing(PlainForm(tokenizer, PROMPT_TEMPLATE, end), None)
    template = ChatTemplate(source, texts_of_special_tokens(base))
    return Writing(ChatForm(tokenizer, template, end), source)


def tokenised(split: str, rows: Sequence[Row], job: TrainJob, form: Form) -> list[TokenRow]:
    """The rows as tokens, cut where ``training.truncation`` says so.

    Raises:
        TrainingError: When a row cannot be written, or its answer does not fit.
    """
    examples = [_example(split, row, form) for row in rows]
    limit = job.training.arguments.max_length
    _refuse_lost_answers(split, rows, examples, job)
    cut = kept_on_the_right if job.training.truncation == "right" else kept_on_the_left
    found = [
        {
            "input_ids": kept.ids,
            SPANS: _learned(kept, job.training.generation.loss_on),
            END: example.ids[example.answers[-1][1] - 1],
            lengths.CUT: len(example.ids) > limit,
        }
        for example in examples
        for kept in [cut(example, limit)]
    ]
    lengths.refuse_cut(job, split, found, [row["row"] for row in rows])
    return found


def _example(split: str, row: Row, form: Form) -> Example:
    turns: Any = row.get("messages")
    asked: Prompt = row["prompt"] if turns is None else turns[:-1]
    try:
        return form.example(asked, row["completion"])
    except ChatTemplateError as error:
        problem = f"{split} row {row['row']}: {error}"
        raise TrainingError(problem, reason=error.reason, fix=error.fix) from error


def _refuse_lost_answers(
    split: str, rows: Sequence[Row], examples: Sequence[Example], job: TrainJob
) -> None:
    """A prompt may lose its beginning; an answer that is lost would teach nothing, or nonsense."""
    limit = job.training.arguments.max_length
    if job.training.truncation == "refuse":
        return  # such a row is refused for its length already
    if job.training.truncation == "right":
        needed = [example.answers[0][0] + 1 for example in examples]
        lost, what = [need > limit for need in needed], "no room for their completions"
    else:
        needed = [behind - first + 1 for (first, behind) in (one.answers[-1] for one in examples)]
        lost, what = [need > limit for need in needed], "completions that do not fit"
    numbers = [row["row"] for row, is_lost in zip(rows, lost, strict=True) if is_lost]
    if not numbers:
        return
    problem = f"{len(numbers)} {split} rows have {what} into max_length {limit}: row {numbers[0]}"
    fix = f"set training.arguments.max_length to {max(needed)} or more, or shorten the rows"
    if job.training.truncation is None:
        fix += ", or let their ends be cut: training.truncation: right"
    raise TrainingError(problem, reason="CompletionTooLong", fix=fix)


def _learned(example: Example, loss_on: str) -> list[tuple[int, int]]:
    """What the loss is on. A row's first token follows nothing, so it is never predicted."""
    match loss_on:
        case "all":
            spans = [(0, len(example.ids))]
        case "last_completion":
            spans = list(example.answers[-1:])
        case _:
            spans = list(example.answers)
    return [(max(1, first), behind) for first, behind in spans if behind > max(1, first)]
