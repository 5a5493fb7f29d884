"""Forms: how a question and its answer become tokens. Training, evaluation and serving share them.

A version has one form. ``PlainForm`` puts the prompt into a fixed text; ``ChatForm`` renders a
conversation with a chat template, and takes a plain text for one turn of the user.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from registry.serving.chat import ChatTemplate, ChatTemplateError, Message, Span
from registry.serving.tokens import Ids, TextTokenizer

Prompt = str | Sequence[Message]
"""A text, or the turns before the answer."""
END_ANSWERS = "end the assistant's turn with eos_token or another special token"


@dataclass(frozen=True)
class Example:
    """One question with its answer, or a conversation with its answers."""

    ids: Ids
    answers: tuple[Span, ...]
    """Tokens of each answer, from its first to the one that ends it."""


class Form(Protocol):
    """One way to write questions and answers."""

    def prompt_ids(self, prompt: Prompt) -> Ids:
        """What the model reads before it answers."""

    def example(self, prompt: Prompt, completion: str) -> Example:
        """The question with its answer: the tokens before the last answer are ``prompt_ids``.

        Raises:
            ChatTemplateError: The template fails, or cannot be learned from.
        """


class PlainForm:
    """A prompt in a fixed text, followed by the completion."""

    def __init__(self, tokenizer: TextTokenizer, template: str, end: Sequence[int]) -> None:
        """``{prompt}`` in ``template`` is replaced; ``end`` holds the tokens that end a text."""
        self._tokenizer = tokenizer
        self._template = template
        self._end = list(end)

    def prompt_ids(self, prompt: Prompt) -> Ids:
        """The filled-in template, with the tokenizer's beginning and without its end."""
        assert isinstance(prompt, str), "conversations have a chat template"
        [ids] = self._tokenizer.ids([self._template.replace("{prompt}", prompt)])
        return ids[:-1] if ids and ids[-1] in self._end else ids

    def example(self, prompt: Prompt, completion: str) -> Example:
        """Prompt, completion, end."""
        before = self.prompt_ids(prompt)
        [after] = self._tokenizer.plain_ids([completion])
        ids = [*before, *after, *self._end[:1]]
        return Example(ids, ((len(before), len(ids)),))


class ChatForm:
    """A conversation, written by a chat template."""

    def __init__(
        self, tokenizer: TextTokenizer, template: ChatTemplate, end: Sequence[int]
    ) -> None:
        """``end`` holds the tokens that end a text, beside the special ones."""
        self._tokenizer = tokenizer
        self._template = template
        self._ends = tokenizer.special_ids | set(end)

    def prompt_ids(self, prompt: Prompt) -> Ids:
        """The conversation so far, and what the template puts before an answer."""
        [ids] = self._tokenizer.plain_ids([self._template.prompt(turns_of(prompt))])
        return ids

    def example(self, prompt: Prompt, completion: str) -> Example:
        """The whole conversation, with every turn of the assistant."""
        asked = turns_of(prompt)
        whole = self._template.whole([*asked, {"role": "assistant", "content": completion}])
        before = self._template.prompt(asked)
        if not whole.text.startswith(before):
            problem = "what the chat template asks with is not how it writes what precedes answers"
            fix = "let it write the same with add_generation_prompt as before the assistant's turn"
            raise ChatTemplateError(problem, fix=fix)
        ids, places = self._placed(whole.text, before)
        return Example(ids, tuple(self._span(ids, places, answer) for answer in whole.answers))

    def _placed(self, text: str, before: str) -> tuple[Ids, list[Span]]:
        """Tokens that begin with exactly those of ``before``: what is learned is what is asked."""
        asked, places = self._tokenizer.placed_ids(before)
        ids, all_places = self._tokenizer.placed_ids(text)
        if ids[: len(asked)] == asked:
            return ids, all_places
        # A token runs across the end of the prompt. Cut there, as when the model is asked.
        rest, rest_places = self._tokenizer.placed_ids(text[len(before) :])
        cut = [*asked, *rest]
        if self._tokenizer.raw_text(cut) != self._tokenizer.raw_text(ids):
            problem = "the tokenizer joins the end of the prompt with the beginning of the answer"
            fix = "end what the template writes before an answer with a special token"
            raise ChatTemplateError(problem, fix=fix)
        moved = [(start + len(before), stop + len(before)) for start, stop in rest_places]
        return cut, [*places, *moved]

    def _span(self, ids: Ids, places: Sequence[Span], answer: Span) -> Span:
        """The tokens of an answer's characters, up to the special token that ends it."""
        # Some tokenizers leave white space out of a token's place, so ends are compared, not parts.
        first = next((i for i, (_, stop) in enumerate(places) if stop > answer[0]), len(ids))
        behind = next((i for i, (start, _) in enumerate(places) if start >= answer[1]), len(ids))
        ends = [index for index in range(first, behind) if ids[index] in self._ends]
        if not ends:
            problem = "no special token ends the assistant's turn, so the model would never stop"
            raise ChatTemplateError(problem, fix=END_ANSWERS)
        return first, ends[-1] + 1


def turns_of(prompt: Prompt) -> Sequence[Message]:
    """A plain text is one turn of the user."""
    return [{"role": "user", "content": prompt}] if isinstance(prompt, str) else prompt


def kept_on_the_left(example: Example, limit: int) -> Example:
    """The example without the tokens at its beginning that are too many."""
    lost = max(0, len(example.ids) - limit)
    return _moved(example.ids[lost:], example.answers, lost)


def kept_on_the_right(example: Example, limit: int) -> Example:
    """The example without the tokens at its end that are too many."""
    return _moved(example.ids[:limit], example.answers, 0)


def _moved(ids: Ids, answers: Sequence[Span], lost: int) -> Example:
    kept = ((max(0, first - lost), min(behind - lost, len(ids))) for first, behind in answers)
    return Example(ids, tuple((first, behind) for first, behind in kept if behind > first))
