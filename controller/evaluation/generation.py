"""Answer held-out prompts with a generative version."""

from collections.abc import Callable, Sequence
from pathlib import Path

from controller.errors import EvaluationError
from controller.evaluation.answers import is_exact_match, token_f1
from controller.evaluation.predictors import JudgedRow, PreparedRow, Tell, judged
from controller.evaluation.recall import Recall
from registry.serving.chat import ChatTemplateError, Message
from registry.serving.forms import Prompt
from registry.serving.generator import Generator, load_generator

Load = Callable[[Path, Path], Generator]
CHUNK_ROWS = 64
"""Rows between two reports of progress."""
CHARACTERS_PER_TOKEN = 2
"""Fewer than any language's average, so that no right answer is cut off."""
MAX_NEW_TOKENS = 256
ANSWER = ("loss", "exact_match", "token_f1", "generated")
"""What is known of an answer, whatever row asked for it."""


class GenerationPredictor:
    """A generative version at work on held-out rows."""

    def __init__(
        self, version_folder: Path, base_folder: Path, *, load: Load = load_generator
    ) -> None:
        """Load the version over its base; ``load_base`` loads the base as it is."""
        self._generator: Generator = load(version_folder, base_folder)
        self._recall: Recall[str, PreparedRow, JudgedRow] = Recall(self._judge_all)

    def text_of(self, row: PreparedRow) -> str:
        """Return the prompt."""
        prompt: str = row["prompt"]
        return prompt

    def question_of(self, row: PreparedRow) -> str:
        """Return the prompt; of a conversation, the last turn before the answer."""
        if "messages" not in row:
            return self.text_of(row)
        question: str = row["messages"][-2]["content"]
        return question

    def rewritten(self, row: PreparedRow, question: str) -> PreparedRow:
        """The row with another prompt; of a conversation, with another last question."""
        # A prepared conversation's prompt ends with its last question.
        prompt = row["prompt"].removesuffix(self.question_of(row)) + question
        if "messages" not in row:
            return {**row, "prompt": prompt}
        *before, last, answer = row["messages"]
        return {
            **row,
            "prompt": prompt,
            "messages": [*before, {**last, "content": question}, answer],
        }

    @property
    def asked(self) -> int:
        """How many different pairs of prompt and answer the version was held against."""
        return self._recall.asked

    def judge(self, rows: Sequence[PreparedRow], tell: Tell) -> list[JudgedRow]:
        """Answer every prompt, greedily, and hold the answer against the completion.

        Of a conversation, the last turn of the assistant is asked for, given all before it.

        Raises:
            EvaluationError: The chat template fails on a row; names it.
        """
        keys = [_content_of(row) for row in rows]
        known = self._recall.answers(dict(zip(keys, rows, strict=True)), tell)
        return [
            judged(row, key) | {name: known[key][name] for name in ANSWER}
            for row, key in zip(rows, keys, strict=True)
        ]

    def _judge_all(self, rows: Sequence[PreparedRow], tell: Tell) -> list[JudgedRow]:
        found: list[JudgedRow] = []
        order = sorted(range(len(rows)), key=lambda index: len(rows[index]["prompt"]))
        for start in range(0, len(order), CHUNK_ROWS):
            tell(start, len(order))
            found += self._judge_chunk([rows[index] for index in order[start : start + CHUNK_ROWS]])
        tell(len(order), len(order))
        places = {index: place for place, index in enumerate(order)}
        return [found[places[index]] for index in range(len(rows))]

    def losses_of(self, rows: Sequence[PreparedRow]) -> list[float]:
        """Loss per token of each row's wanted answer."""
        return self._losses(
            rows, [self._asked(row) for row in rows], [row["completion"] for row in rows]
        )

    def write(self, prompts: Sequence[str], *, max_new_tokens: int) -> list[str]:
        """The answer to each prompt, greedily; no longer than half of the version's length."""
        # Prompt and answer together never exceed what the version was trained on.
        limit = min(max_new_tokens, max(1, self._generator.manifest.max_length // 2))
        return self._generator.generate(prompts, max_new_tokens=limit)

    def likelihoods_of(
        self, prompts: Sequence[str], answers: Sequence[str]
    ) -> list[tuple[float, bool]]:
        """Log-probability of each answer, its end included, and whether it is the greedy one."""
        return self._generator.likelihoods(prompts, answers)

    def _judge_chunk(self, rows: Sequence[PreparedRow]) -> list[JudgedRow]:
        """The fields of ``ANSWER`` for each row."""
        prompts = [self._asked(row) for row in rows]
        wanted = [row["completion"] for row in rows]
        losses = self._losses(rows, prompts, wanted)
        longest = max(len(completion) for completion in wanted)
        limit = min(MAX_NEW_TOKENS, longest // CHARACTERS_PER_TOKEN + 1)
        answers = self._generator.generate(prompts, max_new_tokens=limit)
        return [
            {
                "loss": round(loss, 6),
                "exact_match": is_exact_match(answer, row["completion"]),
                "token_f1": round(token_f1(answer, row["completion"]), 6),
                "generated": answer,
            }
            for row, loss, answer in zip(rows, losses, answers, strict=True)
        ]

    def _losses(
        self, rows: Sequence[PreparedRow], prompts: Sequence[Prompt], wanted: Sequence[str]
    ) -> list[float]:
        try:
            return self._generator.losses(prompts, wanted)
        except ChatTemplateError:
            for row, prompt, completion in zip(rows, prompts, wanted, strict=True):
                self._check(row, prompt, completion)
            raise

    def _check(self, row: PreparedRow, prompt: Prompt, completion: str) -> None:
        try:
            self._generator.losses([prompt], [completion])
        except ChatTemplateError as error:
            problem = f"held-out row {row['row']}: {error}"
            raise EvaluationError(problem, reason=error.reason, fix=error.fix) from error

    def _asked(self, row: PreparedRow) -> Prompt:
        if "messages" in row and self._generator.takes_turns:
            turns: list[Message] = row["messages"][:-1]
            return turns
        return self.text_of(row)


def _content_of(row: PreparedRow) -> str:
    return f"{row['prompt']}\0{row['completion']}"
