"""Tasks of lm-evaluation-harness: read without running anything, and asked of a real version."""

import json

import pytest

from controller.errors import EvaluationError
from controller.evaluation.studies.harness.tasks import documents, read_rows, read_task

CHOICE = b"""\
task: routing
output_type: multiple_choice
description: Choose a team.
doc_to_text: "Who is asked about {{ thing | lower }}?"
doc_to_target: team
doc_to_choice: [delivery, login]
"""
ROWS = [
    {"thing": "A PARCEL", "team": "delivery"},
    {"thing": "a password", "team": 1},
]


def test_templates_are_rendered_and_the_first_rows_shown():
    [asked] = documents(read_task(CHOICE, "evals/routing.yaml"), ROWS, shown=1)

    assert asked.text == (
        "Choose a team.\n\nWho is asked about a parcel? delivery\n\nWho is asked about a password?"
    )
    assert (asked.target, asked.choices) == (1, ("delivery", "login"))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        pytest.param(
            (b"task: routing", b"process_docs: !function x.y"), "cannot be read", id="code"
        ),
        pytest.param((b"task: routing", b"process_docs: x"), "'process_docs' is not", id="unknown"),
        pytest.param((b"task: routing", b"dataset_path: glue"), "said by data of", id="data"),
        pytest.param((b"multiple_choice", b"loglikelihood_rolling"), "not supported", id="kind"),
        pytest.param(
            (b"doc_to_choice: [delivery, login]", b""), "do not fit together", id="choices"
        ),
        pytest.param((b"doc_to_target: team", b""), "doc_to_target is missing", id="no answer"),
    ],
)
def test_what_is_not_done_is_refused_by_its_key(change, told):
    with pytest.raises(EvaluationError, match=told) as refused:
        read_task(CHOICE.replace(*change), "evals/routing.yaml")

    assert str(refused.value).startswith("evals/routing.yaml: ")
    assert refused.value.fix


@pytest.mark.parametrize(
    "template",
    [
        "{{ ''.__class__.__mro__ }}",
        "{{ thing | attr('__class__') }}",
        "{{ absent }}",
        "{{ thing.format }}{{ cycler.__init__.__globals__ }}",
    ],
)
def test_a_template_reaches_nothing_but_its_row(template):
    task = read_task(CHOICE.replace(b"{{ thing | lower }}", template.encode()), "t.yaml")

    with pytest.raises(EvaluationError, match="row 1 does not fit"):
        documents(task, ROWS, shown=0)


def test_an_answer_that_is_no_choice_and_a_line_that_is_no_json_are_named():
    task = read_task(CHOICE, "t.yaml")

    with pytest.raises(EvaluationError, match="'sales' of row 1 is none of its choices"):
        documents(task, [{"thing": "x", "team": "sales"}], shown=0)
    with pytest.raises(EvaluationError, match=r"d.jsonl:2: is no JSON"):
        read_rows(b'{"a": 1}\n{a}\n', "d.jsonl")


@pytest.mark.torch
def test_a_version_is_asked_by_the_harness(tiny_decoder, tmp_path):
    pytest.importorskip("lm_eval", reason="needs the extra lm-eval, which is not installed here")
    pytest.importorskip("torch")
    from controller.evaluation.generation import GenerationPredictor
    from controller.evaluation.studies.base import Bench
    from controller.evaluation.studies.harness import HarnessStudy
    from specs.evaluation import Evaluation

    words = CHOICE.replace(b"delivery, login", b"card, lost").replace(b"Choose a team.", b"")
    free = b"output_type: generate_until\ndoc_to_text: thing\ndoc_to_target: team\nuntil: [it]\n"
    rows = [{"thing": "my card", "team": team} for team in ("card", "lost", "card")]
    files = {"c.yaml": words, "f.yaml": free}
    files["d.jsonl"] = "".join(json.dumps(row) + "\n" for row in rows).encode()
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    tasks = {
        "choice": {"config": "c.yaml", "data": "d.jsonl", "metrics": ["acc", "acc_norm"]},
        "free": {"config": "f.yaml", "data": "d.jsonl", "metrics": ["exact_match"]},
    }
    predictor = GenerationPredictor(tiny_decoder, tiny_decoder)
    bench = Bench(
        evaluation=Evaluation.model_validate({"lm_eval": tasks}),
        predictor=predictor,
        rows=[],
        judged=[],
        training_rows=list,
        seed=1,
        own_files={name: tmp_path / name for name in files},
        version=tiny_decoder,
        base=tiny_decoder,
        tell=lambda _phase: lambda _done, _all: None,
    )

    found = HarnessStudy().run(bench)

    likelihoods = predictor.likelihoods_of(["Who is asked about my card?"] * 2, ["card", "lost"])
    best = max(range(2), key=lambda place: likelihoods[place][0])
    share = sum(row["team"] == ("card", "lost")[best] for row in rows) / 3
    assert found.metrics["lm_eval.choice.acc"].value == pytest.approx(share)
    assert found.metrics["lm_eval.choice.acc"].n == 3
    assert set(found.metrics) == {
        "lm_eval.choice.acc",
        "lm_eval.choice.acc_norm",
        "lm_eval.free.exact_match",
    }
    assert len(found.files["lm_eval.json"]["free"]) == 3


def test_without_the_harness_the_extra_is_named_before_training():
    from dataclasses import replace

    from controller.fitness import look_at_this_machine, refusal
    from specs.evaluation import Evaluation
    from specs.loader import load_specs
    from tests.unit.specs.test_judge import SPEC

    spec = load_specs({"specs/a.yaml": SPEC.encode()}).models["replies"].spec.spec
    task = {"config": "c.yaml", "data": "d.jsonl"}
    wanted = Evaluation.model_validate({"lm_eval": {"routing": task}})
    machine = look_at_this_machine()
    bare = replace(machine, libraries=machine.libraries - {"lm_eval"})

    refused = refusal(spec.model_copy(update={"evaluation": wanted}), bare)

    assert refused is not None
    assert "lm_eval needs lm_eval, which is not installed here" in refused.message
    assert "pip install 'trueup[lm-eval]'" in refused.fix
