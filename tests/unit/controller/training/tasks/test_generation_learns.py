"""Generation learns, measured: data, training and evaluation as they are, over a toy base."""

import json

import pytest

pytestmark = pytest.mark.torch
pytest.importorskip("torch")

ASKED = [
    {"role": "user", "content": "hello"},
    {"role": "assistant", "content": "ok"},
    {"role": "user", "content": "my parcel now ?"},
]


@pytest.fixture(scope="module")
def learned(tmp_path_factory):
    """A base made on conversations, adapted to other answers; measured before and after."""
    from tests.benchmarks.bench_generation import learn

    place = tmp_path_factory.mktemp("learned")
    return place, *learn(place, "messages", steps=250, epochs=5)


def test_conversations_are_answered_right_after_training_and_not_before(learned):
    _, before, after, _ = learned

    assert before["exact_match"].n == after["exact_match"].n == 100
    assert before["exact_match"].high < 0.1
    assert after["exact_match"].low > 0.8


def test_the_version_carries_its_template_as_transformers_reads_it(learned):
    from transformers import AutoTokenizer

    from registry.serving.chat import ChatTemplate, find_chat_template, special_tokens

    version = learned[0] / "training" / "output"

    theirs = AutoTokenizer.from_pretrained(version)

    ours = ChatTemplate(find_chat_template(version), special_tokens(version)).prompt(ASKED)
    assert theirs.apply_chat_template(ASKED, tokenize=False, add_generation_prompt=True) == ours
    assert ours.endswith("<|user|>\nmy parcel now ?</s>\n<|assistant|>\n")
    manifest = json.loads((version / "trueup.json").read_text())
    assert (manifest["prompt_template"], manifest["stop_token_ids"]) == (
        None,
        [theirs.eos_token_id],
    )


def test_a_plain_text_is_asked_as_one_turn_of_the_user(learned):
    from registry.serving.generator import load_generator

    place = learned[0]
    generator = load_generator(place / "training" / "output", place / "base")

    [plain, turn, whole] = generator.generate(
        [ASKED[0]["content"], ASKED[:1], ASKED], max_new_tokens=8
    )

    assert plain == turn
    assert whole == "login team"


def test_the_result_says_what_was_cut_and_that_nothing_was_packed(learned):
    _, _, _, result = learned

    assert result["truncated_rows"] == 0
    assert "packed_into_rows" not in result
    progress = [
        json.loads(line)
        for line in (learned[0] / "training" / "progress.jsonl").read_text().splitlines()
    ]
    assert any(
        "not packed (it does not pay on a CPU)" in (one.get("message") or "") for one in progress
    )


def test_a_held_out_row_on_which_the_template_fails_is_named(learned, tmp_path):
    import shutil

    from controller.errors import EvaluationError
    from controller.training.tasks.tokenizer_files import write_chat_template
    from tests.benchmarks.bench_generation import measure

    place = learned[0]
    shutil.copytree(place / "before", tmp_path / "version")
    template = "{% for m in messages %}{{ raise_exception('no refunds') if 'refund' in m.content "
    template += "else m.content + eos_token }}{% endfor %}"
    write_chat_template(template, tmp_path / "version")

    with pytest.raises(EvaluationError, match=r"held-out row \d+: .* fails: no refunds"):
        measure(tmp_path / "job", tmp_path / "version", place / "base", place / "prepared")
