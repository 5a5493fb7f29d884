"""The script that one would write with Hugging Face's Trainer: what ours is measured beside.

    python -m tests.benchmarks.plain_trainer --base DIR --train F --test F --out F

Base, rows, LoRA and arguments are given; everything else is what the libraries do by themselves:
the stock classification head, rows in random order, batches padded to their longest row
(``--padding max_length`` pads all to ``--max-length``). One JSON file says what came of it.
"""

import argparse
import csv
import json
import resource
import time
from pathlib import Path

import numpy as np
import torch
from peft import LoraConfig, get_peft_model
from transformers import (
    AutoModelForSequenceClassification,
    AutoTokenizer,
    DataCollatorWithPadding,
    Trainer,
    TrainingArguments,
)


def main() -> None:
    given = _arguments()
    torch.set_num_threads(1)
    train = [json.loads(line) for line in given.train.read_text().splitlines()]
    with given.test.open(newline="") as file:
        test = [{"text": row["text"], "label": row["category"]} for row in csv.DictReader(file)]
    labels = sorted({row["label"] for row in (*train, *test)})
    tokenizer = AutoTokenizer.from_pretrained(given.base)
    model = AutoModelForSequenceClassification.from_pretrained(given.base, num_labels=len(labels))
    if given.method == "lora":
        config = LoraConfig(
            r=16,
            lora_alpha=32,
            lora_dropout=0.05,
            target_modules=given.targets,
            task_type="SEQ_CLS",
        )
        model = get_peft_model(model, config)
    arguments = TrainingArguments(
        output_dir=str(given.out.with_suffix(".checkpoints")),
        num_train_epochs=given.epochs,
        learning_rate=given.learning_rate,
        per_device_train_batch_size=given.batch_size,
        seed=given.seed,
        report_to=[],
        disable_tqdm=True,
        use_cpu=True,
        dataloader_pin_memory=False,
        save_strategy="no",
    )
    padding = "max_length" if given.padding == "max_length" else True
    collator = DataCollatorWithPadding(tokenizer, padding=padding, max_length=given.max_length)
    rows = [_encoded(row, tokenizer, labels, given.max_length) for row in train]
    trainer = Trainer(model=model, args=arguments, train_dataset=rows, data_collator=collator)
    before = time.process_time()
    trainer.train()
    fit = time.process_time() - before
    spent = time.process_time()
    trainer.args.per_device_eval_batch_size = 64
    held_out = [_encoded(row, tokenizer, labels, given.max_length) for row in test]
    logits = trainer.predict(held_out).predictions
    found = [labels[index] for index in np.argmax(logits, axis=1)]
    result = {
        "rows_per_cpu_second": len(rows) * given.epochs / fit,
        "fit_cpu_seconds": fit,
        "cpu_seconds": spent,
        "peak_memory_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        "accuracy": float(
            np.mean([one == row["label"] for one, row in zip(found, test, strict=True)])
        ),
    }
    given.out.write_text(json.dumps(result))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--base", type=Path, required=True)
    parser.add_argument("--train", type=Path, required=True, help="JSON lines: text and label")
    parser.add_argument("--test", type=Path, required=True, help="CSV: text and category")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--method", choices=["lora", "full"], default="lora")
    parser.add_argument("--targets", nargs="*", default=["query", "value"])
    parser.add_argument("--epochs", type=float, default=1)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--learning-rate", type=float, default=1e-3)
    parser.add_argument("--max-length", type=int, default=64)
    parser.add_argument("--padding", choices=["dynamic", "max_length"], default="dynamic")
    parser.add_argument("--seed", type=int, default=17)
    return parser.parse_args()


def _encoded(row, tokenizer, labels, max_length):
    encoded = tokenizer(row["text"], truncation=True, max_length=max_length)
    return {**encoded, "labels": labels.index(row["label"])}


if __name__ == "__main__":
    main()
