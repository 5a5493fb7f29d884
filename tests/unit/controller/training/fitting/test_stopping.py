import math

import pytest

from specs.training import EarlyStopping

pytestmark = pytest.mark.torch
pytest.importorskip("torch")


def standing_after(values, **wanted):
    from controller.training.fitting.stopping import Standing

    stopping = EarlyStopping(**wanted)
    standing = Standing()
    for step, value in enumerate(values, start=1):
        standing = standing.judged(stopping, step, {stopping.metric: value})
    return standing


@pytest.mark.parametrize(
    ("wanted", "values", "best", "stopped"),
    [
        ({}, [3.0, 2.0, 2.5, 1.0], 4, None),
        ({}, [3.0, 2.0, 2.5, 2.5], 2, 4),
        ({"metric": "accuracy"}, [0.5, 0.7, 0.7, 0.6], 2, 4),
        ({"patience": 1}, [3.0, 2.0, 2.0], 2, 3),
        ({"threshold": 0.5}, [3.0, 2.0, 1.6, 1.55], 2, 4),
        ({}, [math.nan, 3.0, math.nan, 2.0], 4, None),
        ({}, [math.nan, math.nan], None, 2),
    ],
    ids=[
        "a miss in between",
        "two misses in a row",
        "higher is better",
        "an equal value is a miss",
        "too small a gain is a miss",
        "what is no number is a miss",
        "and never the best",
    ],
)
def test_the_best_step_is_kept_and_misses_in_a_row_end_the_run(wanted, values, best, stopped):
    standing = standing_after(values, **wanted)

    assert (standing.best_step, standing.stopped_at_step) == (best, stopped)


@pytest.mark.parametrize(
    ("metrics", "reason"), [({}, "NoValidationRows"), ({"loss": 1.0}, "NotSupported")]
)
def test_nothing_to_judge_by_is_said_at_the_first_evaluation(tmp_path, metrics, reason):
    from controller.errors import TrainingError
    from controller.training.fitting.stopping import Stopping

    stopping = Stopping(EarlyStopping(metric="f1_macro"), tmp_path, lambda _: None)

    with pytest.raises(TrainingError) as raised:
        stopping.judge(1, metrics)

    assert raised.value.reason == reason


def test_a_run_without_validation_rows_does_not_start(tmp_path):
    from controller.errors import TrainingError
    from controller.training.fitting.stopping import Stopping

    (tmp_path / "validation.jsonl").write_text("")
    stopping = Stopping(EarlyStopping(), tmp_path, lambda _: None)

    with pytest.raises(TrainingError, match="no validation rows"):
        stopping.need_rows(tmp_path)
