"""Bases in 4 and 8 bits: right gradients on every CPU, less memory, and the same when served."""

import warnings

import pytest

pytestmark = pytest.mark.torch
torch = pytest.importorskip("torch", reason="the train extra is not installed")
pytest.importorskip("bitsandbytes", reason="the quantized extra is not installed")

from tests.unit.controller.training.methods.moves import (  # noqa: E402
    cosine,
    gradients,
    outputs,
    served,
    stir,
)

NF4 = {"load_in_4bit": True}
FP4 = {"load_in_4bit": True, "bnb_4bit_quant_type": "fp4", "bnb_4bit_use_double_quant": False}
INT8 = {"load_in_8bit": True}
NO_DROPOUT = {"lora_dropout": 0.0, "target_modules": "all-linear"}


def dequantized(quantized, adapted):
    """The same adapter over a float32 base that holds what the quantized one stands for."""
    from bitsandbytes.functional import dequantize_4bit

    plain, _ = adapted(lora=NO_DROPOUT)
    stir(plain)
    weights = {name: module for name, module in plain.named_modules() if hasattr(module, "weight")}
    with torch.no_grad():
        for name, module in quantized.named_modules():
            if type(module).__name__ == "Linear4bit":
                state = module.weight.quant_state
                weights[name].weight.copy_(dequantize_4bit(module.weight.data, state))
    return plain


@pytest.mark.parametrize("quantization", [NF4, FP4], ids=["nf4, scales quantized too", "fp4"])
def test_gradients_are_those_of_float32_after_a_pass_without_gradients(
    adapted, batch, quantization
):
    model, _ = adapted(method="qlora", quantization=quantization, lora=NO_DROPOUT)
    stir(model)
    outputs(model, batch)

    found = gradients(model, batch)

    expected = gradients(dequantized(model, adapted), batch)
    assert cosine(found, expected) > 0.999
    assert float(found.norm() / expected.norm()) == pytest.approx(1, abs=0.01)


def four_bit_layer():
    """A layer without a bias: with one, the wrong kernel fails aloud."""
    from bitsandbytes.nn import Linear4bit

    torch.manual_seed(0)
    layer = Linear4bit(128, 64, bias=False, compute_dtype=torch.float32, quant_type="nf4")
    return layer.to("cpu")


def test_without_the_guard_such_a_cpu_passes_wrong_gradients_on():
    """Once this fails, bitsandbytes is repaired and the guard can go."""
    from bitsandbytes.functional import has_avx512bf16

    from registry.serving.quantized_bases import guard

    if not has_avx512bf16():
        pytest.skip("this CPU has no avx512_bf16, whose kernel is wrong")
    found = {}
    for name, layer in {"guarded": guard(four_bit_layer()), "bare": four_bit_layer()}.items():
        before = torch.nn.Linear(32, 128, bias=False)
        torch.nn.init.ones_(before.weight)
        with torch.no_grad():
            layer.eval()(torch.ones(1, 128))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the one sign that anything is wrong
            out = layer.train()(before(torch.eye(32)))
            out.backward(torch.randn(out.shape, generator=torch.Generator().manual_seed(5)))
        found[name] = torch.zeros(()) if before.weight.grad is None else before.weight.grad

    assert float(found["guarded"].norm()) > 0
    assert not torch.allclose(found["bare"], found["guarded"], rtol=0.1)


def test_int8_trains_quietly_with_the_gradients_of_float32(adapted, batch, caplog):
    model, _ = adapted(method="qlora", quantization=INT8, lora=NO_DROPOUT)
    stir(model)
    outputs(model, batch)

    found = gradients(model, batch)

    plain, _ = adapted(lora=NO_DROPOUT)
    stir(plain)
    assert cosine(found, gradients(plain, batch)) > 0.98  # weights are rounded, gradients are not
    assert "will be cast" not in caplog.text


@pytest.mark.parametrize("quantization", [NF4, INT8], ids=["4 bits", "8 bits"])
def test_a_version_is_served_on_the_base_it_was_trained_on(adapted, batch, tmp_path, quantization):
    model, job = adapted(method="qlora", quantization=quantization)
    stir(model)

    found = served(model, job, tmp_path, batch)

    assert torch.equal(found, outputs(model, batch))


def test_quantized_weights_take_a_fraction_of_the_memory(minilm_base):
    from pathlib import Path

    from registry.serving.classifier_encoders import build_encoder
    from registry.serving.quantized_bases import parameter_bytes
    from specs.training import Quantization

    held = {
        name: parameter_bytes(build_encoder(Path(minilm_base["folder"]), quantization=wanted))
        for name, wanted in {
            "fp32": None,
            "nf4": Quantization(load_in_4bit=True),
            "int8": Quantization(load_in_8bit=True),
        }.items()
    }

    # Half of MiniLM is its embeddings, which are held as they are.
    assert held["nf4"] < held["int8"] < 0.7 * held["fp32"]


def test_loftq_starts_nearer_to_the_unrounded_base(adapted, batch, tmp_path):
    from registry.serving.classifier_encoders import build_encoder

    lora = {"target_modules": "all-linear", "layers_to_transform": "all", "r": 32}
    rounded, job = adapted(method="qlora", quantization=NF4, lora=lora)
    made_up, loftq_job = adapted(
        method="qlora", quantization=NF4, lora=lora | {"init_lora_weights": "loftq"}
    )
    exact = outputs(build_encoder(job.base.folder), batch)

    lost = float((outputs(rounded, batch) - exact).norm())
    left = float((outputs(made_up, batch) - exact).norm())

    assert left < 0.95 * lost
    assert torch.equal(served(made_up, loftq_job, tmp_path, batch), outputs(made_up, batch))
