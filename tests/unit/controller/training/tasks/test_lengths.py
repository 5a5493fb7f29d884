"""Rows that are longer than the model takes: counted, cut on the declared side, or refused."""

import json
from types import SimpleNamespace

import pytest

from controller.errors import TrainingError

pytestmark = pytest.mark.torch
pytest.importorskip("torch")

LONG = "give my money back " * 10


@pytest.fixture
def job_with(jobs):
    """A job whose third training row is long."""
    from controller.job_protocol import JobFolder
    from controller.training.job import read_job

    def make(**training):
        folder = jobs.make(rows=12, **training)
        train = folder / "prepared" / "train.jsonl"
        lines = train.read_text().splitlines()
        lines[2] = json.dumps(json.loads(lines[2]) | {"text": f"hello {LONG} goodbye"})
        train.write_text("\n".join(lines) + "\n")
        return read_job(JobFolder(folder).job, threads=1)

    return make


@pytest.mark.parametrize(
    ("declared", "kept"),
    [(None, "hello"), ("right", "hello"), ("left", "goodbye")],
    ids=["nothing declared", "the end goes", "the beginning goes"],
)
def test_a_long_row_is_cut_on_the_declared_side_and_counted(job_with, declared, kept):
    from controller.training.tasks import lengths
    from controller.training.tasks.text_classification import token_rows
    from registry.serving.tokens import TextTokenizer

    job = job_with(truncation=declared)

    rows = token_rows(job)["train"]

    words = TextTokenizer(job.base.folder, max_length=None).text(rows[2]["input_ids"]).split()
    assert len(rows[2]["input_ids"]) == 16
    assert kept in (words[0], words[-1])
    assert lengths.cut_counts(rows) == {"truncated_rows": 1, "truncated_share": 0.083333}


def test_under_refuse_a_long_row_is_named(job_with):
    from controller.training.tasks.text_classification import token_rows

    with pytest.raises(TrainingError, match=r"1 train rows are longer than .* 16: row 3") as raised:
        token_rows(job_with(truncation="refuse"))

    assert (raised.value.reason, "raise max_length" in str(raised.value.fix)) == (
        "RowTooLong",
        True,
    )


def test_more_tokens_than_the_base_has_positions_for_are_refused_with_the_number(job_with):
    from controller.training.tasks.text_classification import token_rows

    with pytest.raises(TrainingError, match=r"max_length is 513, but .*MiniLM.* takes 512$"):
        token_rows(job_with(arguments={"max_length": 513}))

    token_rows(job_with(arguments={"max_length": 512}))


@pytest.mark.parametrize(
    ("config", "limit"),
    [
        ({"model_type": "roberta", "max_position_embeddings": 514, "pad_token_id": 1}, 512),
        ({"model_type": "deberta-v2", "position_biased_input": False}, None),
        ({"model_type": "t5"}, None),
    ],
    ids=["positions behind the padding", "relative positions", "no limit named"],
)
def test_the_longest_input_follows_the_architecture(config, limit):
    from controller.training.tasks.lengths import longest_input

    assert longest_input(SimpleNamespace(**config)) == limit


def test_roberta_takes_as_many_tokens_as_is_said():
    """The offset is transformers' own: one token more breaks."""
    import torch
    from transformers import RobertaConfig, RobertaModel

    from controller.training.tasks.lengths import longest_input

    sizes = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 1, "vocab_size": 9}
    config = RobertaConfig(**sizes, intermediate_size=8, max_position_embeddings=14, pad_token_id=1)
    limit = longest_input(config)

    model = RobertaModel(config)

    model(input_ids=torch.full((1, limit), 5))
    with pytest.raises((IndexError, RuntimeError)):
        model(input_ids=torch.full((1, limit + 1), 5))
