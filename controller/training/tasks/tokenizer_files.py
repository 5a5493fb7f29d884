"""A version carries its tokenizer: the base's own files, byte for byte."""

import shutil
from pathlib import Path

from controller.errors import TrainingError

TOKENIZER_FILES = (
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.txt",
    "vocab.json",
    "merges.txt",
    "chat_template.jinja",
)


def copy_tokenizer(base_folder: Path, output: Path) -> None:
    """Copy the base's tokenizer into ``output``."""
    for name in TOKENIZER_FILES:
        if (base_folder / name).is_file():
            shutil.copyfile(base_folder / name, output / name)


def need_tokenizer(base_folder: Path, model: str) -> None:
    """TrainingError when the base has no ``tokenizer.json``, which everything here reads."""
    if not (base_folder / "tokenizer.json").is_file():
        fix = "save the tokenizer once with transformers' save_pretrained; that writes the file"
        problem = f"base model {model!r} has no tokenizer.json"
        raise TrainingError(problem, reason="BaseModelUnfit", fix=fix)
