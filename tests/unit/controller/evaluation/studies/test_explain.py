"""Explanations: exact on a linear version, true of it, and labels that go by nothing are named."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from controller.errors import EvaluationError
from controller.evaluation.predictors import Explained, Token
from controller.evaluation.studies.explain import FILE, ExplainStudy
from controller.evaluation.studies.explain.attributing import Explanation
from controller.evaluation.studies.explain.labels import suspicions, top_words
from controller.evaluation.studies.explain.sampling import drawn
from controller.evaluation.studies.explain.words import (
    Word,
    add_up,
    kind_of,
    owners,
    plain_words,
    spans_of,
    without,
)
from specs.evaluation import Evaluation
from specs.model import Spec
from specs.study_metrics import study_metrics

VECTORS = {
    "[PAD]": (0, 0),
    "[MASK]": (0.5, 0),
    "the": (0, 0),
    "my": (0, 0),
    "card": (6, 0),
    "refund": (0, 6),
    "?": (0, 1),
}
ROWS = [
    ("the card my", "a", {}),
    ("my the refund", "b", {}),
    ("the refund ?", "b", {}),
    ("my card the the", "b", {}),
]


def test_tokens_add_up_to_words_and_what_has_no_word_is_left_out():
    text = "pay AB-12 now!!"
    spans = spans_of(text)
    places = [(0, 0), (0, 3), (4, 6), (6, 9), (9, 13), (13, 14), (14, 15)]
    tokens = tuple(Token(1, *at, is_special=at == (0, 0)) for at in places)

    owned = owners(tokens, spans)

    assert [text[slice(*span)] for span in spans] == ["pay", "AB-12", "now", "!!"]
    assert owned == [None, 0, 1, 1, 2, 3, 3]
    assert add_up([9, 1, 2, 3, 4, 5, 6], owned, 4).tolist() == [1, 5, 4, 11]
    assert without(text, [spans[3], spans[1]]) == "pay now"


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        ("12.50", "number"),
        ("ab-12", "id"),
        ("x@y.org", "id"),
        ("?!", "punctuation"),
        ("won't", None),
        ("größe", None),
    ],
)
def test_words_that_should_decide_nothing_have_a_kind(word, kind):
    assert kind_of(word) == kind


def test_half_of_the_sample_is_wrong_answers_and_the_rest_is_spread_over_labels():
    labels = ["a"] * 20 + ["b"] * 3 + ["c"] * 3
    rows = [{"label": label} for label in labels]
    judged = [{"correct": place % 10 != 0} for place in range(26)]  # 3 wrong answers

    found = drawn(rows, judged, range(26), 10, seed=1)

    assert sorted(found[:3]) == [0, 10, 20]
    assert len(set(found)) == 10
    assert sorted(labels[place] for place in found[3:9]) == ["a", "a", "b", "b", "c", "c"]
    assert found == drawn(rows, judged, range(26), 10, seed=1)
    assert len(drawn(rows, judged, range(26), 99, seed=1)) == 26


def explained(text, *gradients):
    words = [
        Word(text[slice(*span)], span, value, 0.0)
        for span, value in zip(spans_of(text), gradients, strict=True)
    ]
    return Explanation(text, 0, 0.9, words, Explained(np.array(gradients), 1.0, 0.0))


def test_a_label_that_goes_by_numbers_is_named_and_one_that_goes_by_words_is_not():
    numbers = [explained(f"order {n} came", 0.5, 3.0, -1.0) for n in (11, 12, 13)]
    words = [explained("where is it", 1.0, 1.0, 1.0)] * 3

    (found,) = suspicions("delivery", numbers, ["where is it"] * 9)

    assert (found["kind"], found["share"]) == ("number", round(3 / 3.5, 4))
    assert found["words"] == ["11", "12", "13"]
    assert found["examples"][0] == "order 11 came"
    assert suspicions("delivery", words, ["no such words"] * 9) == []
    assert suspicions("delivery", numbers[:2], []) == []


def test_the_shortest_phrase_that_stands_in_nearly_all_training_rows_is_a_template():
    ends = ("cards", "parcels", "bills")
    found = [explained(f"Best regards Bob about {end}", 2, 2, 0, 0, 1) for end in ends]
    training = [f"best regards {n}" for n in ("ann", "bob", "eve")]

    (told,) = suspicions("letters", found, training)

    assert (told["kind"], told["words"], told["training_share"]) == (
        "template",
        ["best regards"],
        1,
    )
    assert told["share"] == 0.8
    assert suspicions("letters", found, [*training, "none", "here"]) == []
    assert top_words(found)[0] == {"word": "best", "share": 0.4, "rows": 3}
    assert plain_words("Best regards, BOB") == ("best", "regards", ",", "bob")


def test_a_version_that_gives_no_labels_is_refused(make_bench):
    bench = make_bench([("where is my card", "card", {})], {"explain": {}})

    with pytest.raises(EvaluationError, match="gives no labels"):
        ExplainStudy().run(bench)


@pytest.fixture
def linear(tmp_path):
    """A predictor whose log odds are the mean over tokens of first less second number."""
    torch = pytest.importorskip("torch")
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.pre_tokenizers import Whitespace

    from controller.evaluation.classification import ClassificationPredictor
    from registry.serving.classifier import Classifier, Manifest
    from registry.serving.engine_bases import OwnView
    from registry.serving.tokens import TextTokenizer

    class Passes(torch.nn.Module):
        config = SimpleNamespace(pad_token_id=0)

        def __init__(self):
            super().__init__()
            table = torch.tensor(list(VECTORS.values()), dtype=torch.float32)
            self.table = torch.nn.Embedding.from_pretrained(table)

        def get_input_embeddings(self):
            return self.table

        def forward(self, input_ids=None, attention_mask=None, inputs_embeds=None):  # noqa: ARG002
            found = self.table(input_ids) if inputs_embeds is None else inputs_embeds
            return SimpleNamespace(last_hidden_state=found)

    vocabulary = {word: number for number, word in enumerate(VECTORS)}
    tokenizer = Tokenizer(WordLevel(vocabulary, unk_token="[PAD]"))
    tokenizer.pre_tokenizer = Whitespace()
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    head = torch.nn.Linear(2, 2)
    head.weight.data, head.bias.data = torch.eye(2), torch.zeros(2)
    manifest = Manifest("linear-probe", "mean", 4, ("a", "b"), temperature=0.5)
    tokens = TextTokenizer(tmp_path, max_length=4)
    classifier = Classifier(OwnView(Passes()), head.requires_grad_(False), tokens, manifest)
    return ClassificationPredictor(Path(), Path(), load=lambda _version, _base: classifier)


@pytest.mark.torch
def test_integrated_gradients_are_exact_on_a_linear_version(linear):
    texts = ["the card my", "refund ? card refund card"]  # the last word is cut

    found = linear.gradients_of(texts, [0, 1], lambda _done, _all: None)

    # Each token: what it has more than [MASK], over the tokens, over the temperature.
    of_first = [(-0.5) / 3 / 0.5, (6 - 0.5) / 3 / 0.5, (-0.5) / 3 / 0.5]
    of_second = [(6 + 0.5) / 2, (1 + 0.5) / 2, (-6 + 0.5) / 2, (6 + 0.5) / 2]
    np.testing.assert_allclose(found[0].values, of_first, atol=1e-5)
    np.testing.assert_allclose(found[1].values, of_second, atol=1e-5)
    assert found[1].gap == pytest.approx(sum(of_second), abs=1e-5)
    assert max(one.delta for one in found) < 1e-5


@pytest.mark.torch
def test_the_study_measures_what_is_promised_and_keeps_every_explanation(linear, make_bench):
    wanted = {"explain": {"samples": 3}}
    bench = make_bench(ROWS, wanted, predictor=linear)

    found = ExplainStudy().run(bench)

    evaluation = Evaluation.model_validate(wanted)
    spec = Spec.model_construct(task="text-classification", evaluation=evaluation)
    assert tuple(found.metrics) == study_metrics(spec)
    assert found.metrics["explain.faithfulness_gain"].value > 0.1
    assert found.metrics["explain.convergence_delta"].value < 1e-5
    assert (found.report["rows"], found.report["wrong"]) == (3, 1)
    assert found.report["baseline"] == "[MASK]"
    rows = found.files[FILE]["rows"]
    wrong = next(row for row in rows if not row["correct"])
    assert (wrong["text"], wrong["label"], wrong["predicted"]) == ("my card the the", "b", "a")
    best = max(wrong["words"], key=lambda word: word["gradients"])
    assert wrong["text"][best["start"] : best["end"]] == "card"
    assert best["occlusion"] == max(word["occlusion"] for word in wrong["words"]) > 0.3


@pytest.mark.torch
def test_a_base_that_takes_no_embeddings_is_refused():
    torch = pytest.importorskip("torch")
    from registry.errors import BaseModelError
    from registry.serving.attribution import integrated_gradients

    with pytest.raises(BaseModelError, match="takes no embeddings") as refused:
        integrated_gradients(torch.nn.Linear(2, 2), None, [], pad_id=0, blank_id=0)

    assert "evaluation.explain" in refused.value.fix
