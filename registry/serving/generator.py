"""A generative version as a thing that answers: prompts in, completions out.

Greedy, so that the same version gives the same answer. How a prompt is written, what ends an answer
and the token limit are the version's own (``trueup.json``, ``chat_template.jinja``); training
builds its rows with the same forms.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn
from transformers import AutoConfig, AutoModelForCausalLM
from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING
from transformers.utils import logging

from registry.serving.architectures import check_architecture, unfit
from registry.serving.chat import (
    TEMPLATE_FILE,
    ChatTemplate,
    ChatTemplateError,
    find_chat_template,
    special_tokens,
)
from registry.serving.engine_bases import BasePool, ModelView
from registry.serving.forms import ChatForm, Form, PlainForm, Prompt
from registry.serving.quantized_bases import declared_quantization, guard, quantized_options
from registry.serving.tokens import Ids, TextTokenizer, padded
from specs.training import Quantization

PROMPT_TEMPLATE = "{prompt}\n"
"""What stands before the completion; ``{prompt}`` is replaced, other braces are kept."""
BATCH_SIZE = 16


@dataclass(frozen=True)
class GeneratorManifest:
    """``trueup.json`` of a generative version: what the weights alone do not say."""

    method: str
    prompt_template: str | None
    """What stands before the completion; None for a version with a chat template."""
    max_length: int
    """Tokens of prompt and completion together."""
    stop_token_ids: tuple[int, ...] = ()
    """What ends an answer, beside what the base says."""
    quantization: Quantization | None = None
    """How the base is held, when the version was trained on it so."""


class GeneratorPool(BasePool):
    """Causal language models by base folder; several versions share one base in memory."""

    def __init__(self) -> None:
        super().__init__(build_causal_lm)


class Generator:
    """A causal language model with its form."""

    def __init__(
        self, view: ModelView, tokenizer: TextTokenizer, manifest: GeneratorManifest, form: Form
    ) -> None:
        """``tokenizer`` cuts nothing by itself."""
        self.manifest = manifest
        self._view = view
        self._tokenizer = tokenizer
        self._form = form
        self._end = list(dict.fromkeys([*end_ids(view.config), *manifest.stop_token_ids]))
        self._pad = pad_id(view.config)

    @property
    def takes_turns(self) -> bool:
        """Whether prompts may be conversations."""
        return self.manifest.prompt_template is None

    def generate(self, prompts: Sequence[Prompt], *, max_new_tokens: int) -> list[str]:
        """The completion of each prompt, in their order, without the prompt itself."""
        rows = [self._prompt_ids(prompt, max_new_tokens) for prompt in prompts]
        order = sorted(range(len(rows)), key=lambda index: len(rows[index]))
        texts = [""] * len(rows)
        for start in range(0, len(order), BATCH_SIZE):
            chosen = order[start : start + BATCH_SIZE]
            found = self._generate_batch([rows[index] for index in chosen], max_new_tokens)
            for index, ids in zip(chosen, found, strict=True):
                text = self._tokenizer.text(ids)
                # Blanks around an answer are the chat template's, not the answer's.
                texts[index] = text.strip() if self.takes_turns else text
        return texts

    def losses(self, prompts: Sequence[Prompt], completions: Sequence[str]) -> list[float]:
        """Mean cross-entropy per token of each completion after its prompt, its end included.

        Rows are cut as training cuts them: the prompt at its beginning, the completion at its end.
        """
        scores = self._scores(prompts, completions)
        return [float(losses.mean()) if len(losses) else 0.0 for losses, _ in scores]

    def likelihoods(
        self, prompts: Sequence[Prompt], completions: Sequence[str]
    ) -> list[tuple[float, bool]]:
        """Log-probability of each completion, its end included, and whether it is the greedy one.

        Rows are cut as ``losses`` cuts them.
        """
        scores = self._scores(prompts, completions)
        return [(-float(losses.sum()), is_greedy) for losses, is_greedy in scores]

    def _scores(
        self, prompts: Sequence[Prompt], completions: Sequence[str]
    ) -> list[tuple[torch.Tensor, bool]]:
        """The loss of each token of each completion, and whether each is the most probable."""
        rows = [self._with_completion(*pair) for pair in zip(prompts, completions, strict=True)]
        order = sorted(range(len(rows)), key=lambda index: len(rows[index][0]))
        scores = [(torch.zeros(0), True)] * len(rows)
        for start in range(0, len(order), BATCH_SIZE):
            chosen = order[start : start + BATCH_SIZE]
            found = self._batch_scores([rows[index] for index in chosen])
            for index, score in zip(chosen, found, strict=True):
                scores[index] = score
        return scores

    def close(self) -> None:
        """Give back the model; the generator must not be used again."""
        self._view.close()

    def _prompt_ids(self, prompt: Prompt, max_new_tokens: int) -> Ids:
        ids = self._form.prompt_ids(prompt)
        room = max(1, self.manifest.max_length - min(max_new_tokens, self.manifest.max_length // 2))
        return ids[-room:]

    def _with_completion(self, prompt: Prompt, completion: str) -> tuple[Ids, int]:
        """Ids of prompt and completion, and where the completion begins."""
        limit = self.manifest.max_length
        example = self._form.example(prompt, completion)
        first, behind = example.answers[-1]
        after = example.ids[first:behind][: limit - 1]
        before = example.ids[:first][-(limit - len(after)) :]
        return [*before, *after], len(before)

    def _batch_scores(self, rows: Sequence[tuple[Ids, int]]) -> list[tuple[torch.Tensor, bool]]:
        ids, mask = (
            torch.from_numpy(part) for part in padded([row for row, _ in rows], pad_id=self._pad)
        )
        with self._view.model() as model, torch.inference_mode():
            device = next(model.parameters()).device
            ids, mask = ids.to(device), mask.to(device)
            logits = model(input_ids=ids, attention_mask=mask).logits[:, :-1]
        each = nn.functional.cross_entropy(logits.transpose(1, 2), ids[:, 1:], reduction="none")
        is_best = logits.argmax(-1) == ids[:, 1:]
        # The logit before a token predicts it; without a prompt the first token has none.
        parts = [slice(max(0, begin - 1), len(row) - 1) for row, begin in rows]
        return [
            (each[index, part].cpu(), bool(is_best[index, part].all()))
            for index, part in enumerate(parts)
        ]

    def _generate_batch(self, rows: Sequence[Ids], max_new_tokens: int) -> list[Ids]:
        width = max(len(row) for row in rows)
        ids = torch.full((len(rows), width), self._pad)
        mask = torch.zeros((len(rows), width), dtype=torch.long)
        for index, row in enumerate(rows):
            # Left padding: what is generated has to follow the prompt's last token.
            ids[index, width - len(row) :] = torch.tensor(row)
            mask[index, width - len(row) :] = 1
        with self._view.model() as model, torch.inference_mode():
            device = next(model.parameters()).device
            out = model.generate(
                input_ids=ids.to(device),
                attention_mask=mask.to(device),
                max_new_tokens=max_new_tokens,
                do_sample=False,
                num_beams=1,
                pad_token_id=self._pad,
                eos_token_id=self._end or None,
            )
        return [self._until_end(found) for found in out[:, width:].tolist()]

    def _until_end(self, ids: Ids) -> Ids:
        ends = [position for position, found in enumerate(ids) if found in self._end]
        return ids[: ends[0]] if ends else ids


def load_generator(
    version_folder: Path, base_folder: Path, *, pool: GeneratorPool | None = None
) -> Generator:
    """Load the version in ``version_folder`` over the base in ``base_folder``."""
    manifest = _manifest_of(version_folder)
    pool = pool or GeneratorPool()
    if manifest.method == "full":
        view = pool.full(version_folder)
    else:
        view = pool.adapted(base_folder, version_folder, quantization=manifest.quantization)
    return _generator(version_folder, view, manifest)


def load_base(version_folder: Path, base_folder: Path) -> Generator:
    """Load the base as it is, asked in the way that the version in ``version_folder`` is."""
    manifest = _manifest_of(version_folder)
    view = GeneratorPool().adapted(base_folder, None, quantization=manifest.quantization)
    return _generator(version_folder, view, manifest)


def _generator(folder: Path, view: ModelView, manifest: GeneratorManifest) -> Generator:
    tokenizer = TextTokenizer(folder, max_length=None)
    form = form_of(folder, tokenizer, manifest, end_ids(view.config))
    return Generator(view, tokenizer, manifest, form)


def _manifest_of(folder: Path) -> GeneratorManifest:
    found: dict[str, Any] = json.loads((folder / "trueup.json").read_text())
    return GeneratorManifest(
        found["method"],
        found["prompt_template"],
        found["max_length"],
        tuple(found.get("stop_token_ids", ())),
        declared_quantization(found),
    )


def form_of(
    folder: Path, tokenizer: TextTokenizer, manifest: GeneratorManifest, end: Sequence[int]
) -> Form:
    """How the version in ``folder`` writes prompts; ``end`` holds what ends a text.

    Raises:
        ChatTemplateError: The version lacks its chat template.
    """
    if manifest.prompt_template is not None:
        return PlainForm(tokenizer, manifest.prompt_template, end)
    source = find_chat_template(folder)
    if source is None:
        problem = f"the version has neither a prompt template nor a {TEMPLATE_FILE}"
        raise ChatTemplateError(problem, fix="train the version again")
    return ChatForm(tokenizer, ChatTemplate(source, special_tokens(folder)), end)


def build_causal_lm(
    base_folder: Path, *, name: str | None = None, quantization: Quantization | None = None
) -> nn.Module:
    """Load the causal language model of ``base_folder`` in float32, in eval mode.

    With ``quantization`` its linear layers, but for the output, are held in 4 or 8 bits.

    Raises:
        BaseModelError: When the architecture is no decoder, or bitsandbytes is needed and missing;
            it calls the base ``name``, or by its folder.
    """
    name = name or str(base_folder)
    config = AutoConfig.from_pretrained(base_folder)
    if type(config) not in MODEL_FOR_CAUSAL_LM_MAPPING:
        raise unfit(name, config.model_type, "causal-lm")
    check_architecture(base_folder, name=name, task="causal-lm")
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    options = quantized_options(quantization, name=name)
    model: nn.Module = AutoModelForCausalLM.from_pretrained(
        base_folder, dtype=torch.float32, use_safetensors=True, **options
    )
    return guard(model).eval()


def end_ids(config: Any) -> list[int]:
    """The tokens that end a text; a config may name none, one or several."""
    found = config.eos_token_id
    if found is None:
        return []
    return list(found) if isinstance(found, list) else [found]


def pad_id(config: Any) -> int:
    """What fills short rows; it is masked, so any token will do."""
    if config.pad_token_id is not None:
        return int(config.pad_token_id)
    return next(iter(end_ids(config)), 0)
