"""The engine over torch, on the real base: what is shared, and what is given back."""

import gc
import time

import pytest

from registry.errors import BaseModelError
from registry.settings import Settings

pytestmark = pytest.mark.torch

BASE = {"model": "sentence-transformers/all-MiniLM-L6-v2", "revision": None}


@pytest.fixture
def engine(tmp_path):
    from registry.serving.hf_engine import HfEngine

    return HfEngine(Settings(home=tmp_path, offline=True), threads=1)


def loaded(engine) -> list[int]:
    """How many versions use each base in memory."""
    return sorted(engine._encoders.loaded().values())


def wait_until(holds) -> None:
    end = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < end
        gc.collect()
        time.sleep(0.01)


def test_a_prediction_names_the_most_probable_label_and_all_scores(engine, make_version):
    model = engine.load(make_version("linear-probe", 1, base=BASE))

    [prediction] = model.predict(["where is my parcel?"])

    assert model.labels == ["a", "b", "c"]
    assert list(prediction.scores) == ["a", "b", "c"]
    assert prediction.label == max(prediction.scores, key=prediction.scores.get)
    assert prediction.score == prediction.scores[prediction.label]
    assert sum(prediction.scores.values()) == pytest.approx(1)


def test_versions_share_one_base_until_the_last_is_let_go(engine, make_version):
    first = engine.load(make_version("lora", 1, base=BASE))
    second = engine.load(make_version("lora", 2, base=BASE))
    shared = loaded(engine)
    before = second.predict(["where is my parcel?"])

    del first
    wait_until(lambda: loaded(engine) == [1])
    after = second.predict(["where is my parcel?"])
    del second
    wait_until(lambda: loaded(engine) == [])

    assert shared == [2]
    assert after[0].scores == pytest.approx(before[0].scores, abs=1e-6)


def test_a_fully_fine_tuned_version_needs_no_base(engine, make_version):
    nowhere = {"model": "nobody/nothing", "revision": None}

    model = engine.load(make_version("full", 3, base=nowhere))

    assert len(model.predict(["one", "two"])) == 2


def test_a_missing_base_is_told_with_its_fix(engine, make_version):
    nowhere = {"model": "nobody/nothing", "revision": None}

    with pytest.raises(BaseModelError, match="nobody/nothing") as caught:
        engine.load(make_version("lora", 1, base=nowhere))

    assert caught.value.fix
