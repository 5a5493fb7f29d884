"""A BERT that costs next to nothing, for tests of what does not depend on the base's knowledge."""

import json
from pathlib import Path

import torch
from transformers import BertConfig, BertModel

SHAPE = {
    "hidden_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 128,
}


def make_thin_base(folder: Path, like: Path, *, dropout: float) -> None:
    """Write a random BERT of two blocks, with the tokenizer and the pooling of ``like``."""
    config = json.loads((like / "config.json").read_text()) | SHAPE
    config |= {"hidden_dropout_prob": dropout, "attention_probs_dropout_prob": dropout}
    torch.manual_seed(7)
    BertModel(BertConfig(**config)).save_pretrained(folder)
    for path in like.iterdir():
        if not (folder / path.name).exists() and not path.name.startswith("model"):
            (folder / path.name).symlink_to(path.resolve())
