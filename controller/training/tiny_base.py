"""A toy causal language model, made on the spot: generation without any download.

    python -m controller.training.tiny_base --out bases/tiny --texts texts.jsonl

A Llama of about 0.9 million parameters with a byte-level BPE tokenizer of its own, both trained on
the given texts alone. It knows nothing but them. It is there so that the whole loop can be seen to
work offline, and is replaced by naming a real base in the spec.
"""

import argparse
import json
import math
import os
import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from torch import nn
from transformers import LlamaConfig, LlamaForCausalLM

from controller.errors import TrainingError
from controller.training.weights import save_weights
from registry.serving.generator import PROMPT_TEMPLATE
from registry.serving.tokens import Ids, padded

VOCABULARY = 2048
HIDDEN = 128
LAYERS = 3
MAX_TOKENS = 256
STEPS = 300
BATCH = 16
LEARNING_RATE = 3e-3
WARMUP = 20
PAD, END = "<pad>", "</s>"
README = """# A toy base model

Made by Trueup (`python -m controller.training.tiny_base`) from {count} texts, seed {seed}: a Llama
of {parameters} parameters and a byte-level BPE tokenizer of {tokens} tokens, trained on these texts
for {steps} steps and on nothing else.

It is a toy. It makes the loop run offline in seconds, and knows nothing that is not in the texts.
For real work, name a real base in the spec (`spec.base.model`) and delete this folder.
"""


def make_tiny_base(folder: Path, texts: Sequence[str], seed: int, *, steps: int = STEPS) -> None:
    """Train tokenizer and model on ``texts`` and write them to ``folder``.

    The same texts, seed, steps, thread count and machine give the same bytes. 300 steps take about
    20 CPU seconds for texts of 30 tokens.

    Raises:
        TrainingError: When there are no texts.
    """
    if not any(text.strip() for text in texts):
        raise TrainingError("there are no texts to make a base from", reason="NoRows")
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = _train_tokenizer(texts)
    end = int(tokenizer.token_to_id(END) or 0)
    rows = [[*found.ids[: MAX_TOKENS - 1], end] for found in tokenizer.encode_batch(list(texts))]
    model = _new_model(tokenizer, seed)
    _pretrain(model, rows, steps=steps, seed=seed)
    _save(model, tokenizer, folder)
    size, tokens = f"{model.num_parameters():,}", tokenizer.get_vocab_size()
    told = README.format(count=len(texts), seed=seed, steps=steps, parameters=size, tokens=tokens)
    (folder / "README.md").write_text(told)


def read_texts(path: Path) -> list[str]:
    """Texts of a JSON-lines file: ``text``, or ``prompt`` and ``completion`` put together."""
    rows: list[dict[str, Any]] = [json.loads(line) for line in path.read_text().splitlines()]
    return [
        row["text"]
        if "text" in row
        else PROMPT_TEMPLATE.replace("{prompt}", row["prompt"]) + row["completion"]
        for row in rows
    ]


def _train_tokenizer(texts: Sequence[str]) -> Tokenizer:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=[PAD, END],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


def _new_model(tokenizer: Tokenizer, seed: int) -> LlamaForCausalLM:
    torch.manual_seed(seed)
    config = LlamaConfig(
        vocab_size=tokenizer.get_vocab_size(),
        hidden_size=HIDDEN,
        intermediate_size=344,
        num_hidden_layers=LAYERS,
        num_attention_heads=4,
        max_position_embeddings=MAX_TOKENS,
        tie_word_embeddings=True,
        bos_token_id=None,
        eos_token_id=tokenizer.token_to_id(END),
        pad_token_id=tokenizer.token_to_id(PAD),
        use_cache=False,
    )
    return LlamaForCausalLM(config)


def _pretrain(model: LlamaForCausalLM, rows: Sequence[Ids], *, steps: int, seed: int) -> None:
    optimizer = torch.optim.AdamW(model.parameters(), lr=LEARNING_RATE, weight_decay=0.01)
    model.train()
    for step, batch in zip(range(steps), _batches(rows, seed), strict=False):
        for group in optimizer.param_groups:
            group["lr"] = LEARNING_RATE * _schedule(step, steps)
        ids, mask = (torch.from_numpy(part) for part in padded(batch, pad_id=0))
        labels = ids.masked_fill(mask == 0, -100)
        loss = model(input_ids=ids, attention_mask=mask, labels=labels).loss
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()


def _batches(rows: Sequence[Ids], seed: int) -> Iterator[list[Ids]]:
    """Batches of rows of like length, without end, in an order that ``seed`` decides."""
    draw = random.Random(seed)  # noqa: S311  (an order, not a secret)
    while True:
        shuffled = draw.sample(list(rows), len(rows))
        chunks = [shuffled[start : start + BATCH * 8] for start in range(0, len(rows), BATCH * 8)]
        for chunk in chunks:
            chunk.sort(key=len)
            batches = [chunk[start : start + BATCH] for start in range(0, len(chunk), BATCH)]
            draw.shuffle(batches)
            yield from batches


def _schedule(step: int, steps: int) -> float:
    if step < WARMUP:
        return (step + 1) / WARMUP
    return 0.5 * (1 + math.cos(math.pi * step / steps))


def _save(model: LlamaForCausalLM, tokenizer: Tokenizer, folder: Path) -> None:
    model.config.use_cache = True
    model.config.architectures = ["LlamaForCausalLM"]
    model.config.save_pretrained(folder)
    # Input and output embedding are one tensor; the loader ties them again.
    weights = {
        name: value for name, value in model.state_dict().items() if name != "lm_head.weight"
    }
    save_weights(weights, folder / "model.safetensors")
    tokenizer.save(str(folder / "tokenizer.json"))
    names = {"tokenizer_class": "PreTrainedTokenizerFast", "pad_token": PAD, "eos_token": END}
    (folder / "tokenizer_config.json").write_text(json.dumps(names, indent=1))


def main() -> None:
    """``python -m controller.training.tiny_base``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder to write")
    parser.add_argument(
        "--texts", type=Path, required=True, help="JSON lines: text, or prompt and completion"
    )
    parser.add_argument("--seed", type=int, default=17)
    parser.add_argument("--steps", type=int, default=STEPS)
    given = parser.parse_args()
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    torch.set_num_threads(1)
    make_tiny_base(given.out, read_texts(given.texts), given.seed, steps=given.steps)


if __name__ == "__main__":
    main()
