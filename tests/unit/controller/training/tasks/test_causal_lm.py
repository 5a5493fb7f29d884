"""Generation, end to end and offline: a toy base is made, adapted to other answers, and asked."""

import hashlib
import json
from pathlib import Path

import pytest

pytestmark = pytest.mark.torch
pytest.importorskip("torch")

ANSWERS = {"parcel": "delivery team", "password": "login team", "refund": "payment team"}
NEW_ANSWERS = {"parcel": "login team", "password": "payment team", "refund": "delivery team"}
OPENINGS = ["hello", "please", "once more", "so", "well", "excuse me", "good day", "hm"]
ENDINGS = ["now", "today", "soon", "at last", "this week", "tomorrow", "again", "thanks"]


def pairs(answers: dict[str, str]) -> list[dict[str, str]]:
    """All prompts with their completions."""
    return [
        {"prompt": f"{opening} about my {thing} {ending}", "completion": answer, "row": 1}
        for opening in OPENINGS
        for ending in ENDINGS
        for thing, answer in answers.items()
    ]


@pytest.fixture(scope="module")
def base(tmp_path_factory) -> Path:
    """A toy base that knows the prompts, and the old answers to them."""
    from controller.training.tiny_base import make_tiny_base
    from registry.serving.generator import PROMPT_TEMPLATE

    folder = tmp_path_factory.mktemp("bases") / "tiny"
    texts = [
        PROMPT_TEMPLATE.replace("{prompt}", row["prompt"]) + row["completion"]
        for row in pairs(ANSWERS)
    ]
    make_tiny_base(folder, texts, seed=3, steps=120)
    return folder


@pytest.fixture(scope="module")
def train(tmp_path_factory, base):
    """Run a job in this process and give its folder."""

    def run(**training) -> Path:
        from controller.job_protocol import JobFolder
        from controller.training.runner import train

        folder = tmp_path_factory.mktemp("job")
        prepared = folder / "prepared"
        prepared.mkdir()
        rows = pairs(NEW_ANSWERS)
        for split, part in (("train", rows[:-24]), ("validation", rows[-24:])):
            lines = "".join(json.dumps(row) + "\n" for row in part)
            (prepared / f"{split}.jsonl").write_text(lines)
        job = {"task": "causal-lm", "model": "answers", "training": training, "threads": 1}
        job["base"] = {"model": "bases/tiny", "revision": "sha256:0", "folder": str(base)}
        (folder / "job.json").write_text(json.dumps(job | {"prepared": str(prepared)}))
        train(JobFolder(folder))
        return folder

    return run


@pytest.fixture(scope="module")
def adapted(train) -> Path:
    """A LoRA job that taught the new answers."""
    arguments = {"num_train_epochs": 4, "learning_rate": 1e-2, "per_device_train_batch_size": 16}
    return train(
        method="lora",
        lora={"target_modules": "all-linear"},
        arguments=arguments | {"save_steps": 9},
    )


def held_out() -> tuple[list[str], list[str]]:
    rows = pairs(NEW_ANSWERS)[-24:]
    return [row["prompt"] for row in rows], [row["completion"] for row in rows]


def test_an_adapter_teaches_the_base_answers_it_did_not_give_before(adapted, base):
    from registry.serving.engine_bases import BasePool
    from registry.serving.generator import Generator, build_causal_lm, load_generator

    prompts, expected = held_out()
    generator = load_generator(adapted / "output", base)
    before = Generator(
        BasePool(build_causal_lm).adapted(base, None), generator._tokenizer, generator.manifest
    )

    was = before.generate(prompts, max_new_tokens=8)
    now = generator.generate(prompts, max_new_tokens=8)

    assert sum(a == b for a, b in zip(was, expected, strict=True)) == 0
    assert sum(a == b for a, b in zip(now, expected, strict=True)) >= 22


def test_a_batch_answers_as_each_prompt_alone(adapted, base):
    from registry.serving.generator import load_generator

    generator = load_generator(adapted / "output", base)
    prompts = ["hello about my parcel now", "refund", "so about my password at last"]

    together = generator.generate(prompts, max_new_tokens=8)

    assert together == [generator.generate([one], max_new_tokens=8)[0] for one in prompts]


def test_the_version_says_its_template_and_carries_no_head(adapted):
    manifest = json.loads((adapted / "output" / "trueup.json").read_text())

    names = {path.name for path in (adapted / "output").iterdir()}

    assert manifest["prompt_template"] == "{prompt}\n"
    assert manifest["task"] == "causal-lm"
    assert "adapter_model.safetensors" in names
    assert not {"head.safetensors", "model.safetensors", "README.md"} & names


def test_full_weights_generate_without_the_base(train, tmp_path):
    from registry.serving.generator import load_generator

    arguments = {"num_train_epochs": 3, "learning_rate": 2e-3, "per_device_train_batch_size": 16}
    folder = train(method="full", arguments=arguments)
    prompts, expected = held_out()

    found = load_generator(folder / "output", tmp_path / "none").generate(prompts, max_new_tokens=8)

    assert sum(a == b for a, b in zip(found, expected, strict=True)) >= 22


def test_loss_is_on_the_completion_and_its_end_only(base):
    from controller.training.job import read_job
    from controller.training.tasks.causal_lm import NO_LOSS, CausalLearner, tokenised
    from registry.serving.generator import build_causal_lm, end_ids

    job = read_job(job_over(base), threads=1)
    model = build_causal_lm(base)
    rows = tokenised(pairs(ANSWERS)[:2], job, end_ids(model.config))
    learner = CausalLearner(job, model, {"train": rows, "validation": []})

    labels = learner.collate(rows)["labels"][0]

    counted = labels[labels != NO_LOSS].tolist()
    assert counted == rows[0]["input_ids"][rows[0]["prompt_length"] :]
    assert counted[-1] in end_ids(model.config)


def test_a_prompt_that_is_too_long_loses_its_beginning_and_keeps_the_completion(base):
    from controller.training.job import read_job
    from controller.training.tasks.causal_lm import tokenised
    from registry.serving.generator import build_causal_lm, end_ids

    job = read_job(job_over(base, arguments={"max_length": 12}), threads=1)
    end = end_ids(build_causal_lm(base).config)
    long, short = "hello " * 50 + "parcel", "parcel"

    cut, whole = tokenised(
        [{"prompt": text, "completion": "login team"} for text in (long, short)], job, end
    )

    assert len(cut["input_ids"]) == 12
    completion = whole["input_ids"][whole["prompt_length"] :]
    assert cut["input_ids"][cut["prompt_length"] :] == completion


def test_the_toy_base_is_the_same_bytes_for_the_same_texts(tmp_path):
    from controller.training.tiny_base import make_tiny_base

    texts = [row["prompt"] for row in pairs(ANSWERS)]
    for name in ("one", "two"):
        make_tiny_base(tmp_path / name, texts, seed=1, steps=3)

    one, two = (
        {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}
        for folder in (tmp_path / "one", tmp_path / "two")
    )
    assert one == two
    assert "It is a toy." in (tmp_path / "one" / "README.md").read_text()


def test_the_toy_base_reads_texts_and_pairs(tmp_path):
    from controller.training.tiny_base import read_texts

    file = tmp_path / "texts.jsonl"
    file.write_text('{"text": "one"}\n{"prompt": "two", "completion": "three"}\n')

    assert read_texts(file) == ["one", "two\nthree"]


def test_an_encoder_is_refused_as_a_base_for_generation(minilm_base):
    from registry.errors import BaseModelError
    from registry.serving.generator import build_causal_lm

    with pytest.raises(BaseModelError, match="'bert' does not fit causal-lm") as raised:
        build_causal_lm(Path(minilm_base["folder"]), name=minilm_base["model"])

    assert raised.value.reason == "BaseModelUnfit"


def job_over(base: Path, **training) -> dict:
    found = {"model": "bases/tiny", "revision": "sha256:0", "folder": str(base)}
    job = {"task": "causal-lm", "model": "answers", "training": {"method": "full"} | training}
    return job | {"base": found, "prepared": str(base)}
