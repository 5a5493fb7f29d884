"""What PEFT and bitsandbytes cannot do together is said where it stands, with a way out."""

import pytest

AS_IT_IS = "method: lora\n    lora: {r: 16, target_modules: auto}\n    arguments: {"
FOUR = "method: qlora\n    quantization: {load_in_4bit: true}\n    lora: "
LORA = "method: lora\n    lora: "
BROKEN = {
    "4-bit settings for 8 bits": (
        "method: qlora\n    quantization: {load_in_8bit: true, bnb_4bit_quant_type: fp4}",
        "19:40: spec.training.quantization.bnb_4bit_quant_type: bnb_4bit_quant_type is for",
    ),
    "pissa over a quantized base": (
        FOUR + "{init_lora_weights: pissa}",
        "20:31: spec.training.lora.init_lora_weights: pissa changes the base's weights, and",
    ),
    "loftq over a whole base": (
        LORA + "{init_lora_weights: loftq}",
        "19:31: spec.training.lora.init_lora_weights: loftq makes up for the rounding of a base",
    ),
    "dora with pissa": (
        LORA + "{use_dora: true, init_lora_weights: pissa_niter_4}",
        "19:47: spec.training.lora.init_lora_weights: with use_dora, what pissa_niter_4 moved",
    ),
    "a start that needs the rows": (
        LORA + "{init_lora_weights: eva}",
        "19:31: spec.training.lora.init_lora_weights: eva needs a pass over the rows before",
    ),
    "a start nobody knows": (
        LORA + "{init_lora_weights: gausian}",
        (
            "19:31: spec.training.lora.init_lora_weights: unknown initialisation 'gausian'"
            " (did you mean 'gaussian'?)"
        ),
    ),
    "an odd rank in two halves": (
        LORA + "{r: 7, init_lora_weights: orthogonal}",
        "19:37: spec.training.lora.init_lora_weights: orthogonal splits the rank in two halves",
    ),
    "the base's biases": (
        LORA + "{bias: all}",
        "19:18: spec.training.lora.bias: bias 'all' trains the base's own biases, which versions",
    ),
    "a pattern that is none": (
        LORA + "{rank_pattern: {'(': 4}}",
        "19:27: spec.training.lora.rank_pattern.(: '(' is no regular expression: missing )",
    ),
    "a layer taken and left": (
        LORA + "{target_modules: [a], exclude_modules: [a]}",
        "19:51: spec.training.lora.exclude_modules[0]: 'a' stands in target_modules as well",
    ),
    "both narrow formats": (
        LORA + "{}\n    arguments: {bf16: true, fp16: true",
        "20:35: spec.training.arguments.fp16: bf16 and fp16 are both true",
    ),
    "a narrow format for nothing": (
        "method: linear-probe\n    arguments: {bf16: true",
        "19:17: spec.training.arguments.bf16: bf16 is for training the base, and linear-probe",
    ),
}


def written(training: str) -> tuple[str, str]:
    return AS_IT_IS, training if "arguments" in training else training + "\n    arguments: {"


@pytest.mark.parametrize(("training", "expected"), BROKEN.values(), ids=BROKEN)
def test_what_does_not_go_together_is_told(said, training, expected):
    (error,) = said(written(training), ("learning_rate: 1e-3", ""))

    assert error.startswith(expected)
    assert error.endswith(")"), "a fix stands in brackets"


@pytest.mark.parametrize(
    "training",
    [
        FOUR + "{init_lora_weights: loftq}",
        FOUR.replace("4bit", "8bit") + "{use_dora: true}",
        LORA + "{init_lora_weights: pissa_niter_16, use_rslora: true}",
        LORA + "{init_lora_weights: false, exclude_modules: [dense]}",
    ],
)
def test_what_goes_together_is_valid(said, training):
    assert said(written(training)) == []
