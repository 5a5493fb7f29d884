"""A version carries its tokenizer: the base's own files, byte for byte."""

import json
import shutil
from pathlib import Path

from controller.errors import TrainingError
from registry.serving.chat import TEMPLATE_FILE, TOKENIZER_CONFIG

TOKENIZER_FILES = (
    "tokenizer.json",
    TOKENIZER_CONFIG,
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.txt",
    "vocab.json",
    "merges.txt",
    TEMPLATE_FILE,
)


def copy_tokenizer(base_folder: Path, output: Path) -> None:
    """Copy the base's tokenizer into ``output``."""
    for name in TOKENIZER_FILES:
        if (base_folder / name).is_file():
            shutil.copyfile(base_folder / name, output / name)


def write_chat_template(source: str, output: Path) -> None:
    """Make ``source`` the chat template of the tokenizer in ``output``, and the only one."""
    (output / TEMPLATE_FILE).write_text(source, encoding="utf-8")
    config = output / TOKENIZER_CONFIG
    found = json.loads(config.read_text(encoding="utf-8")) if config.is_file() else {}
    if found.pop("chat_template", None) is not None:
        config.write_text(json.dumps(found, indent=2, ensure_ascii=False), encoding="utf-8")


def need_tokenizer(base_folder: Path, model: str) -> None:
    """TrainingError when the base has no ``tokenizer.json``, which everything here reads."""
    if not (base_folder / "tokenizer.json").is_file():
        fix = "save the tokenizer once with transformers' save_pretrained; that writes the file"
        problem = f"base model {model!r} has no tokenizer.json"
        raise TrainingError(problem, reason="BaseModelUnfit", fix=fix)
