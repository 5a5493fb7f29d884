"""A declared judge: no secrets in it, and digests that follow what it says, not how it is asked."""

import pytest

from specs.digest import evaluation_inputs
from specs.names import Digest

SPEC = """\
apiVersion: trueup/v1
kind: Model
metadata: {name: replies}
spec:
  task: causal-lm
  base: {model: org/base}
  data:
    train: data/train.jsonl
    test: data/test.jsonl
    columns: {prompt: prompt, completion: completion}
  evaluation:
    judge: {url: http://localhost:8000/v1/, model: m, prompt: judges/j.md}
  gates:
    - {metric: judge_score, min: 0.7}
"""
HASHES = {"data/train.jsonl": "md5:1", "data/test.jsonl": "md5:2", "judges/j.md": "sha256:3"}


def inputs(spec):
    return evaluation_inputs(spec, HASHES, Digest("sha256:0"))


def test_a_judge_is_measured_and_can_be_gated_on(spec_of):
    spec = spec_of(whole=SPEC)

    assert spec.evaluation.judge.url == "http://localhost:8000/v1"
    assert spec.evaluation.own_files == {"judges/j.md": ("judge", "prompt")}
    assert "judge_score" in spec.metrics


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("http://me:key@localhost/v1", "a spec holds no secrets"),
        ("http://localhost/v1?key=1", "name the variable that holds the key in api_key_env"),
        ("localhost:8000", "is no address of an API"),
    ],
)
def test_an_address_that_is_none_or_holds_a_secret_is_refused(said, url, told):
    [error] = said(whole=SPEC.replace("http://localhost:8000/v1/", f'"{url}"'))

    assert error.startswith("12:18: spec.evaluation.judge.url")
    assert told in error


def test_how_patiently_a_judge_is_asked_evaluates_nothing_again(spec_of):
    patient = spec_of(whole=SPEC.replace("model: m", "model: m, retries: 9, timeout_seconds: 5"))
    other = spec_of(whole=SPEC.replace("model: m", "model: n"))

    assert inputs(patient) == inputs(spec_of(whole=SPEC)) != inputs(other)


def test_a_metric_whose_need_is_not_declared_says_so(said):
    [error] = said(whole=SPEC.replace("judge_score", "json_valid"))

    assert "json_valid is measured where evaluation.json_schema is declared" in error
