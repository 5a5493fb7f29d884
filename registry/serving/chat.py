"""Chat templates: a conversation as the text that a model reads, the same in training and serving.

Rendered by transformers' own sandbox, so that ``apply_chat_template`` over a version's files gives
the same text. A template can only read what it is given: messages and the special tokens' texts.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from transformers.utils.chat_template_utils import render_jinja_template

from registry.errors import RegistryError

TEMPLATE_FILE = "chat_template.jinja"
TOKENIZER_CONFIG = "tokenizer_config.json"
SPECIAL_TOKENS = ("bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token")
_MARKER = re.compile(r"\{%[-+]?\s*generation\s*[-+]?%\}")

Message = Mapping[str, str]
"""One turn: ``role`` and ``content``."""
Span = tuple[int, int]
"""First and behind the last."""
ADD_MARKERS = "put {% generation %} ... {% endgeneration %} around the assistant's turn"


class ChatTemplateError(RegistryError):
    """A chat template does not do what a conversation needs."""

    reason = "ChatTemplateFailed"

    def __init__(self, problem: str, *, fix: str | None = None) -> None:
        """``problem`` does not name the row: who renders it knows that."""
        super().__init__(problem)
        self.fix = fix or "correct the row or the chat template (training.generation.chat_template)"


@dataclass(frozen=True)
class Rendered:
    """A whole conversation as text, and where in it the assistant speaks."""

    text: str
    answers: tuple[Span, ...]
    """Characters of each of the assistant's turns."""


@dataclass(frozen=True)
class ChatTemplate:
    """One template with the special tokens that it may write."""

    source: str
    tokens: Mapping[str, str]
    """``bos_token``, ``eos_token``, ... → their text."""

    @property
    def has_markers(self) -> bool:
        """Whether the template itself says which part is the assistant's."""
        return _MARKER.search(self.source) is not None

    def prompt(self, messages: Sequence[Message]) -> str:
        """What the model reads before it answers ``messages``.

        Raises:
            ChatTemplateError: The template fails on them.
        """
        return self._render(messages, add_generation_prompt=True)[0]

    def whole(self, messages: Sequence[Message]) -> Rendered:
        """The conversation with its answers, told apart by markers or by rendering what precedes.

        Raises:
            ChatTemplateError: The template fails, or does not keep the answers apart.
        """
        text, marked = self._render(messages, return_assistant_tokens_mask=self.has_markers)
        said = sum(message["role"] == "assistant" for message in messages)
        if not self.has_markers:
            return Rendered(text, self._by_prefixes(text, messages))
        if len(marked) != said:
            problem = f"its markers stand around {len(marked)} turns, the assistant has {said}"
            raise ChatTemplateError(problem, fix=ADD_MARKERS)
        return Rendered(text, tuple(marked))

    def _by_prefixes(self, text: str, messages: Sequence[Message]) -> tuple[Span, ...]:
        """An answer is what its turn adds to the prompt, as long as both begin the whole text."""
        spans = []
        for index, message in enumerate(messages):
            if message["role"] != "assistant":
                continue
            before = self.prompt(messages[:index])
            until = self._render(messages[: index + 1])[0]
            if not text.startswith(before) or not text.startswith(until):
                problem = (
                    f"what it writes up to turn {index + 1} is no beginning of what it writes for "
                    "the whole conversation, so the assistant's part cannot be told"
                )
                raise ChatTemplateError(problem, fix=ADD_MARKERS)
            spans.append((len(before), len(until)))
        return tuple(spans)

    def _render(self, messages: Sequence[Message], **how: bool) -> tuple[str, list[Span]]:
        turns = [dict(message) for message in messages]
        try:
            texts, marked = render_jinja_template(
                [turns], chat_template=self.source, **how, **self.tokens
            )
        except Exception as error:  # a template is somebody else's program
            said = str(error) or type(error).__name__
            raise ChatTemplateError(f"the chat template fails: {said}") from error
        return texts[0], list(marked[0]) if marked else []


def find_chat_template(folder: Path) -> str | None:
    """The template that a tokenizer's folder brings; None when it has none."""
    file = folder / TEMPLATE_FILE
    if file.is_file():
        return file.read_text(encoding="utf-8")
    found = _config(folder, TOKENIZER_CONFIG).get("chat_template")
    if isinstance(found, list):  # several, by name
        found = {one["name"]: one["template"] for one in found}.get("default")
    return found if isinstance(found, str) else None


def special_tokens(folder: Path) -> dict[str, str]:
    """The special tokens' texts by transformers' names; those that the tokenizer lacks are absent.

    The older ``special_tokens_map.json`` stands in where ``tokenizer_config.json`` is silent.
    """
    found: dict[str, Any] = _config(folder, "special_tokens_map.json")
    found |= {k: v for k, v in _config(folder, TOKENIZER_CONFIG).items() if v is not None}
    named = {name: found.get(name) for name in SPECIAL_TOKENS}
    texts = {
        name: value["content"] if isinstance(value, dict) else value
        for name, value in named.items()
    }
    return {name: text for name, text in texts.items() if isinstance(text, str)}


def _config(folder: Path, name: str) -> dict[str, Any]:
    file = folder / name
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    return found
