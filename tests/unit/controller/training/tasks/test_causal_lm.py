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
    view = BasePool(build_causal_lm).adapted(base, None)
    before = Generator(view, generator._tokenizer, generator.manifest, generator._form)

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


def test_loss_is_on_the_completion_and_its_end_only(base, rows_of):
    from controller.training.tasks.causal_lm import NO_LOSS, CausalLearner
    from registry.serving.generator import build_causal_lm, end_ids

    model = build_causal_lm(base)
    job, rows = rows_of(pairs(ANSWERS)[:2])
    learner = CausalLearner(job, model, {"train": rows, "validation": []})

    labels = learner.collate(rows)["labels"][0]

    counted = labels[labels != NO_LOSS].tolist()
    assert counted == completion_of(rows[0])
    assert counted[-1] in end_ids(model.config)
    assert 0 < len(counted) < len(rows[0]["input_ids"])


def test_a_prompt_that_is_too_long_loses_its_beginning_and_keeps_the_completion(rows_of):
    talk = [
        {"prompt": text, "completion": "login team"}
        for text in ("hello " * 50 + "parcel", "parcel")
    ]

    _, (cut, whole) = rows_of(talk, arguments={"max_length": 12})

    assert len(cut["input_ids"]) == 12
    assert completion_of(cut) == completion_of(whole)
    assert (cut["is_cut"], whole["is_cut"]) == (True, False)


def test_a_completion_that_does_not_fit_is_named_with_the_length_that_would(rows_of):
    from controller.errors import TrainingError

    talk = [{"prompt": "parcel", "completion": text} for text in ("team", "login " * 40)]

    with pytest.raises(TrainingError, match="1 train rows have completions that do not") as raised:
        rows_of(talk, arguments={"max_length": 12})

    assert "row 2" in str(raised.value)
    assert "training.truncation: right" in raised.value.fix
    _, (_, kept) = rows_of(talk, arguments={"max_length": 12}, truncation="right")
    assert len(kept["input_ids"]) == 12
    assert kept["is_cut"]
    length = int(raised.value.fix.split("max_length to ")[1].split()[0])
    assert rows_of(talk, arguments={"max_length": length})[1][1]["is_cut"]
    assert completion_of(rows_of(talk, arguments={"max_length": length})[1][1])[-1] == 1


def test_long_rows_are_refused_where_the_spec_says_so(rows_of):
    from controller.errors import TrainingError

    talk = [{"prompt": "hello " * n, "completion": "team"} for n in (1, 50)]

    with pytest.raises(TrainingError, match="1 train rows are longer than max_length 12: row 2"):
        rows_of(talk, arguments={"max_length": 12}, truncation="refuse")


def chats(answers: dict[str, str]) -> list[dict]:
    """The pairs as conversations of two questions; only the second question's answer changes."""
    return [
        {
            "messages": [
                {"role": "user", "content": "good day"},
                {"role": "assistant", "content": "how can I help"},
                {"role": "user", "content": row["prompt"]},
                {"role": "assistant", "content": row["completion"]},
            ],
            **row,
        }
        for row in pairs(answers)
    ]


def test_messages_without_a_template_are_refused_with_what_to_do(rows_of):
    from controller.errors import TrainingError

    with pytest.raises(TrainingError, match="need a chat template, and bases/tiny has none") as no:
        rows_of(chats(ANSWERS)[:1])

    assert "training.generation.chat_template" in no.value.fix


def test_a_row_on_which_the_template_fails_is_named(rows_of):
    from controller.errors import TrainingError

    template = "{% for m in messages %}{{ m.content + eos_token if m.content != 'good day' else "
    template += "raise_exception('bad turn') }}{% endfor %}"
    talk = [{"prompt": "hm", "completion": "team"}, chats(ANSWERS)[0] | {"row": 2}]

    with pytest.raises(TrainingError, match="train row 2: the chat template fails: bad turn"):
        rows_of(talk, generation={"chat_template": template})


@pytest.mark.parametrize(
    ("loss_on", "spans"), [("completions", 2), ("last_completion", 1), ("all", 1)]
)
def test_a_spec_says_which_turns_are_learned(rows_of, loss_on, spans):
    how = {"chat_template": "simple", "loss_on": loss_on}

    _, [row] = rows_of(chats(ANSWERS)[:1], generation=how)

    assert len(row["spans"]) == spans
    assert (row["spans"][0][0] == 1) == (loss_on == "all")


def test_prompts_and_completions_are_a_conversation_where_the_spec_gives_a_template(rows_of, base):
    _, [row] = rows_of(pairs(ANSWERS)[:1], generation={"chat_template": "simple"})

    assert text_of(base, row).startswith("<|user|>\nhello about my parcel now</s>\n<|assistant|>\n")


@pytest.fixture
def packing(base, rows_of):
    """Learners over the same uneven rows, packed and not."""
    from controller.training.tasks.causal_lm import CausalLearner
    from registry.serving.generator import build_causal_lm

    talk = [
        {"prompt": "parcel " * (1 + n % 3), "completion": "team " * (1 + n % 4)} for n in range(8)
    ]

    def learner(packs: bool, attention: str = "sdpa") -> CausalLearner:
        model = build_causal_lm(base)
        model.set_attn_implementation(attention)
        model.config.use_cache = False
        how = {"packing": packs, "loss_on": "all"}
        job, rows = rows_of(talk, arguments={"max_length": 24}, generation=how)
        return CausalLearner(job, model, {"train": rows, "validation": []})

    return learner


@pytest.mark.parametrize("attention", ["sdpa", "eager"])
def test_packed_rows_do_not_see_each_other(packing, attention):
    import torch

    packed, single = packing(True, attention), packing(False, attention)
    batch = packed.collate(packed.rows)
    batch.pop("labels")

    together = packed.model(**batch).logits

    assert len(packed.rows) < len(single.rows)
    alone = {tuple(row["input_ids"]): row for row in single.rows}
    compared = 0
    for index, row in enumerate(packed.rows):
        start = 0
        for length in row["parts"]:
            ids = row["input_ids"][start : start + length]
            assert tuple(ids) in alone
            expected = single.model(input_ids=torch.tensor([ids])).logits[0]
            found = together[index, start : start + length]
            torch.testing.assert_close(found, expected, rtol=0, atol=1e-5)
            start, compared = start + length, compared + 1
    assert compared == len(single.rows)


def test_a_packed_batch_has_loss_and_gradients_of_its_rows(packing):
    import torch

    def step(learner):
        batch = learner.collate(learner.rows)
        count = (batch["labels"][:, 1:] != -100).sum()
        loss = learner.model(**batch, num_items_in_batch=count).loss
        loss.backward()
        parts = [value.grad.flatten() for value in learner.model.parameters()]
        return loss.detach(), torch.cat(parts), int(count)

    packed_loss, packed_gradient, packed_count = step(packing(True))
    loss, gradient, count = step(packing(False))

    assert packed_count == count
    torch.testing.assert_close(packed_loss, loss, rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(packed_gradient, gradient, rtol=1e-4, atol=1e-6)


def test_a_packed_job_says_what_it_was_packed_into(train):
    folder = train(
        method="full", arguments={"max_steps": 2}, generation={"packing": True, "loss_on": "all"}
    )

    found = json.loads((folder / "output" / "training.json").read_text())

    assert 0 < found["packed_into_rows"] < 168 / 2
    assert found["truncated_rows"] == 0


def test_a_base_that_mixes_packed_rows_up_is_refused(packing):
    """With a cache, transformers no longer tells packed rows apart (research: finetune.md, E)."""
    from controller.errors import TrainingError
    from controller.training.tasks.packing import check_apart

    learner = packing(True)
    batch = learner.collate(learner.rows[:1])
    check_apart(learner.model, batch)
    learner.model.config.use_cache = True

    with pytest.raises(TrainingError, match="see each other"):
        check_apart(learner.model, batch)


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


@pytest.fixture
def rows_of(base, tmp_path):
    """Prepare rows for a job over the toy base: the job, and its training rows as tokens."""
    from controller.training.job import read_job
    from controller.training.tasks.causal_lm import token_rows

    def tokenise(rows: list[dict], **training):
        lines = "".join(json.dumps(row | {"row": n}) + "\n" for n, row in enumerate(rows, start=1))
        (tmp_path / "train.jsonl").write_text(lines)
        job = {"task": "causal-lm", "model": "answers", "training": {"method": "full"} | training}
        job["base"] = {"model": "bases/tiny", "revision": "sha256:0", "folder": str(base)}
        found = read_job(job | {"prepared": str(tmp_path)}, threads=1)
        return found, token_rows(found)["train"]

    return tokenise


def completion_of(row: dict) -> list[int]:
    first, behind = row["spans"][-1]
    return row["input_ids"][first:behind]


def text_of(base: Path, row: dict) -> str:
    from registry.serving.tokens import TextTokenizer

    return TextTokenizer(base, max_length=None).raw_text(row["input_ids"])
