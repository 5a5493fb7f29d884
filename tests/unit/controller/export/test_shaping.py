"""What vLLM takes, and paths that stay inside."""

import pytest

from controller.export.fetching import fetch_version
from controller.export.shaping import vllm_problems
from registry.errors import RefusedError

PLAIN = {"r": 8, "target_modules": ["q_proj"], "bias": "none", "use_dora": False}


@pytest.mark.parametrize(
    ("config", "task", "says"),
    [
        (PLAIN, "text-classification", "causal language models"),
        (PLAIN | {"use_dora": True}, "causal-lm", "DoRA"),
        (PLAIN | {"modules_to_save": ["lm_head"]}, "causal-lm", "modules_to_save"),
        (PLAIN | {"bias": "lora_only"}, "causal-lm", "bias"),
        (PLAIN | {"rank_pattern": {"q_proj": 4}}, "causal-lm", "one rank"),
    ],
    ids=["a classifier", "DoRA", "whole modules", "a trained bias", "several ranks"],
)
def test_what_vllm_does_not_take_is_said(config, task, says):
    [problem] = vllm_problems(config, task)

    assert says in problem


def test_vllm_takes_a_plain_adapter():
    assert vllm_problems(PLAIN, "causal-lm") == ()


@pytest.mark.parametrize("name", ["../x", "/etc/x", "a/../../x", "a\\b"])
def test_a_file_whose_path_leaves_the_folder_is_refused(name, tmp_path):
    files = {name: {"digest": "sha256:0", "size_bytes": 1}}

    with pytest.raises(RefusedError, match="leaves its folder"):
        fetch_version(None, files, tmp_path, lambda *_: None)
