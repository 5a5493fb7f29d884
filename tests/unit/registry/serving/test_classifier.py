import threading

import numpy as np
import pytest

pytestmark = pytest.mark.torch
pytest.importorskip("torch")

TEXTS = ["where is my card", "no", "I would like my money back, and I would like it now", ""]


@pytest.fixture(scope="module")
def probe(make_version):
    return make_version("linear-probe", 1)


@pytest.fixture(scope="module")
def adapter(make_version):
    return make_version("lora", 2)


@pytest.fixture(scope="module")
def other_adapter(make_version):
    return make_version("lora", 3)


@pytest.fixture(scope="module")
def folders(probe, adapter, other_adapter):
    return {"probe": probe, "adapter": adapter, "other": other_adapter}


@pytest.fixture(scope="module")
def alone(folders, minilm):
    """What each version says when nothing else shares its base."""
    from registry.serving.classifier import load_classifier

    return {
        name: load_classifier(folder, minilm).predict(TEXTS).probabilities
        for name, folder in folders.items()
    }


def test_probabilities_are_float32_rows_that_sum_to_one_in_the_order_of_the_texts(probe, minilm):
    from registry.serving.classifier import load_classifier

    classifier = load_classifier(probe, minilm)

    together = classifier.predict(TEXTS, batch_size=2)

    one_by_one = np.concatenate([classifier.predict([text]).probabilities for text in TEXTS])
    assert together.probabilities.dtype == np.float32
    np.testing.assert_allclose(together.probabilities.sum(axis=1), 1, atol=1e-6)
    np.testing.assert_allclose(together.probabilities, one_by_one, atol=1e-5)
    assert together.labels == ["a", "b", "c"]


def test_the_pooled_vector_of_each_text_comes_with_its_prediction(probe, minilm):
    from registry.serving.classifier import load_classifier

    found = load_classifier(probe, minilm).predict(TEXTS)

    weight, bias = _head(probe)
    logits = found.embeddings @ weight.T + bias
    expected = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(found.probabilities, expected, atol=1e-5)


def test_mean_pooling_leaves_padding_out(probe, minilm):
    import torch

    from registry.serving.classifier import pooled

    hidden = torch.tensor([[[1.0], [3.0], [99.0]]])

    vector = pooled(hidden, torch.tensor([[1, 1, 0]]), "mean")

    assert vector.tolist() == [[2.0]]


def test_temperature_flattens_the_probabilities_and_keeps_their_order(make_version, minilm):
    from registry.serving.classifier import load_classifier

    sharp = load_classifier(make_version("linear-probe", 1), minilm).predict(TEXTS)
    flat = load_classifier(make_version("linear-probe", 1, temperature=5.0), minilm).predict(TEXTS)

    assert flat.best == sharp.best
    assert (flat.probabilities.max(axis=1) < sharp.probabilities.max(axis=1)).all()


@pytest.mark.parametrize(("side", "kept"), [("right", slice(0, 6)), ("left", slice(-6, None))])
def test_a_long_text_is_cut_where_training_cut_it(make_version, minilm, side, kept):
    from registry.serving.classifier import load_classifier

    text = "one two three four five six seven eight nine ten"
    version = make_version("linear-probe", 1, truncation=side, max_length=8)

    found = load_classifier(version, minilm).predict([text, " ".join(text.split()[kept])])

    np.testing.assert_allclose(found.probabilities[0], found.probabilities[1], atol=1e-6)


def test_a_multi_label_version_gives_each_label_a_chance_of_its_own(make_version, minilm):
    from registry.serving.classifier import load_classifier

    version = make_version("linear-probe", 1, problem_type="multi_label_classification")

    found = load_classifier(version, minilm).predict(TEXTS)

    weight, bias = _head(version)
    expected = 1 / (1 + np.exp(-(found.embeddings @ weight.T + bias)))
    np.testing.assert_allclose(found.probabilities, expected, atol=1e-5)


def test_no_texts_give_no_rows(probe, minilm):
    from registry.serving.classifier import load_classifier

    assert load_classifier(probe, minilm).predict([]).probabilities.shape == (0, 3)


def test_full_weights_answer_without_the_base(make_version, alone, tmp_path):
    from registry.serving.classifier import load_classifier

    full = load_classifier(make_version("full", 1), tmp_path / "no base here")

    # The weights are the base's own and the head is the probe's, so the answers must agree.
    np.testing.assert_array_equal(full.predict(TEXTS).probabilities, alone["probe"])


def test_versions_on_one_base_answer_as_if_they_were_alone(folders, minilm, alone):
    from registry.serving.classifier import EncoderPool, load_classifier

    pool = EncoderPool()
    loaded = {name: load_classifier(at, minilm, pool=pool) for name, at in folders.items()}

    order = ["probe", "adapter", "probe", "other", "adapter", "other", "probe"]
    for name in order:
        np.testing.assert_array_equal(loaded[name].predict(TEXTS).probabilities, alone[name])

    assert pool.loaded() == {minilm: 3}


def test_adapters_come_and_go_without_disturbing_the_others(folders, minilm, alone):
    from registry.serving.classifier import EncoderPool, load_classifier

    pool = EncoderPool()
    stays = load_classifier(folders["probe"], minilm, pool=pool)
    load_classifier(folders["adapter"], minilm, pool=pool).close()
    after_last_adapter = stays.predict(TEXTS).probabilities
    again = load_classifier(folders["other"], minilm, pool=pool)

    np.testing.assert_array_equal(after_last_adapter, alone["probe"])
    np.testing.assert_array_equal(again.predict(TEXTS).probabilities, alone["other"])
    np.testing.assert_array_equal(stays.predict(TEXTS).probabilities, alone["probe"])


def test_a_base_is_freed_with_its_last_version(probe, adapter, minilm):
    from registry.serving.classifier import EncoderPool, load_classifier

    pool = EncoderPool()
    loaded = [load_classifier(folder, minilm, pool=pool) for folder in (probe, adapter)]

    for classifier in loaded:
        classifier.close()

    assert pool.loaded() == {}


def test_threads_that_ask_different_versions_never_get_each_others_answers(
    adapter, other_adapter, minilm, alone
):
    from registry.serving.classifier import EncoderPool, load_classifier

    pool = EncoderPool()
    loaded = {
        "adapter": load_classifier(adapter, minilm, pool=pool),
        "other": load_classifier(other_adapter, minilm, pool=pool),
    }
    wrong: list[str] = []

    def ask(name: str) -> None:
        answers = [loaded[name].predict(TEXTS).probabilities for _ in range(10)]
        wrong.extend(name for answer in answers if not np.array_equal(answer, alone[name]))

    threads = [threading.Thread(target=ask, args=(name,)) for name in ("adapter", "other") * 2]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert wrong == []


def test_an_adapter_without_safetensors_is_refused(make_version, minilm):
    from registry.errors import BaseModelError
    from registry.serving.classifier import load_classifier

    folder = make_version("lora", 4)
    (folder / "adapter_model.safetensors").rename(folder / "adapter_model.bin")

    with pytest.raises(BaseModelError, match=r"has no adapter_model\.safetensors"):
        load_classifier(folder, minilm)


def test_a_base_without_a_poolable_encoder_is_refused(tmp_path):
    from transformers import T5Config

    from registry.errors import BaseModelError
    from registry.serving.classifier import build_encoder

    T5Config(d_model=8, num_layers=1, num_heads=1, d_kv=8, d_ff=8).save_pretrained(tmp_path)

    with pytest.raises(BaseModelError, match="'t5' does not fit text-classification"):
        build_encoder(tmp_path)


def test_a_base_that_writes_is_refused(tmp_path):
    from transformers import LlamaConfig

    from registry.errors import BaseModelError
    from registry.serving.classifier import build_encoder

    config = LlamaConfig(hidden_size=8, num_hidden_layers=1, num_attention_heads=1)
    config.architectures = ["LlamaForCausalLM"]
    config.save_pretrained(tmp_path)

    with pytest.raises(BaseModelError, match="'llama' does not fit text-classification") as raised:
        build_encoder(tmp_path)

    assert raised.value.reason == "BaseModelUnfit"
    assert "encoder" in raised.value.fix


def _head(folder):
    from safetensors.numpy import load_file

    tensors = load_file(folder / "head.safetensors")
    return tensors["weight"], tensors["bias"]
