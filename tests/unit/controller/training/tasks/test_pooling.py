"""Pooling: as the base was trained, as the spec says, or refused; never guessed."""

import json

import pytest

from controller.errors import TrainingError
from controller.training.job import read_job
from controller.training.tasks.pooling import pooling_of


def job_over(folder, config, wanted="auto"):
    if config is not None:
        (folder / "1_Pooling").mkdir()
        (folder / "1_Pooling" / "config.json").write_text(json.dumps(config))
    base = {"model": "org/base", "revision": "sha256:0", "folder": str(folder)}
    found = {"task": "text-classification", "model": "m", "base": base, "prepared": "/prepared"}
    return read_job(found | {"training": {"head": {"pooling": wanted}}}, threads=1)


CLS = {"pooling_mode_cls_token": True, "pooling_mode_mean_tokens": False}
MEAN = {"pooling_mode_cls_token": False, "pooling_mode_mean_tokens": True}
MAX = {"pooling_mode_mean_tokens": False, "pooling_mode_max_tokens": True}
LAST = {"word_embedding_dimension": 8, "pooling_mode_lasttoken": True, "include_prompt": True}


@pytest.mark.parametrize(
    ("config", "wanted", "used"),
    [
        (CLS, "auto", "cls"),
        (MEAN, "auto", "mean"),
        ({"pooling_mode": "cls", "embedding_dimension": 8}, "auto", "cls"),
        (None, "auto", "mean"),
        (MEAN, "cls", "cls"),
        (MAX, "mean", "mean"),
    ],
    ids=["first token", "mean", "newer form", "nothing declared", "spec decides", "spec overrides"],
)
def test_pooling_follows_how_the_base_was_trained(tmp_path, config, wanted, used):
    assert pooling_of(job_over(tmp_path, config, wanted)) == used


@pytest.mark.parametrize(
    ("config", "named"),
    [
        (MAX, "max_tokens"),
        (LAST, "lasttoken"),
        (CLS | MEAN | CLS | {"pooling_mode_mean_tokens": True}, "cls_token and mean_tokens"),
        ({"pooling_mode": "lasttoken"}, "lasttoken"),
    ],
    ids=["maximum", "last token", "two joined", "last token, newer form"],
)
def test_a_pooling_that_is_not_done_here_is_refused_by_name(tmp_path, config, named):
    with pytest.raises(TrainingError, match=f"pooling {named}, which") as raised:
        pooling_of(job_over(tmp_path, config))

    assert raised.value.reason == "PoolingNotSupported"
