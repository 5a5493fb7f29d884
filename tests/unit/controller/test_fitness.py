"""What this machine cannot do is said with the field, the reason and a way out."""

import subprocess
import sys

import pytest

from controller.fitness import (
    LIBRARIES,
    Abilities,
    Gpu,
    look_at_this_machine,
    refusal,
    remarks,
    unfit,
)
from specs.loader import load_specs
from specs.problems import dotted
from tests.unit.specs.conftest import PATH, TEXT

ALL = frozenset(LIBRARIES)
LAPTOP = Abilities(cores=2, has_fast_bf16=False, gpus=(), libraries=ALL)
BARE = Abilities(cores=2, has_fast_bf16=False, gpus=(), libraries=frozenset())
WITH_GPU = Abilities(cores=8, has_fast_bf16=False, gpus=(Gpu("L4", True),), libraries=ALL)
QLORA = "method: qlora\n    quantization: {load_in_4bit: true}"


def spec_with(*changes: tuple[str, str]):
    text = TEXT
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    result = load_specs({PATH: text.encode()})
    assert not result.errors, result.errors
    return result.models["support"].spec.spec


def argued(arguments: str):
    return spec_with(("arguments: {learning_rate: 1e-3}", f"arguments: {{{arguments}}}"))


def told(spec, abilities):
    return [(dotted(one.loc), one.fix) for one in unfit(spec, abilities)]


def test_a_machine_with_everything_refuses_nothing():
    assert unfit(spec_with(("method: lora", QLORA)), LAPTOP) == []
    assert refusal(spec_with(), LAPTOP) is None


def test_a_quantized_base_needs_bitsandbytes():
    without = Abilities(2, False, (), ALL - {"bitsandbytes"})

    found = told(spec_with(("method: lora", QLORA)), without)

    assert found == [("spec.training.method", "pip install 'trueup[quantized]'")]


def test_an_8_bit_optimizer_needs_bitsandbytes():
    without = Abilities(2, False, (), ALL - {"bitsandbytes"})

    found = told(argued("optim: lion_8bit"), without)

    assert found == [("spec.training.arguments.optim", "pip install 'trueup[quantized]'")]


def test_without_the_train_extra_each_library_is_named_and_the_fix_once():
    failure = refusal(spec_with(), BARE)

    assert failure.reason == "MachineUnfit"
    assert "method: lora needs torch, which is not installed here" in failure.message
    assert failure.fix == "pip install 'trueup[train]'"


def test_presidio_needs_its_extra():
    spec = spec_with(("columns:", "checks: {personal_data_by: presidio}\n    columns:"))

    at = "spec.data.checks.personal_data_by"
    assert told(spec, BARE)[0] == (at, "pip install 'trueup[pii]'")
    assert told(spec, LAPTOP) == told(spec_with(), LAPTOP)


def test_float16_needs_a_gpu():
    spec = argued("fp16: true")

    assert told(spec, LAPTOP) == [("spec.training.arguments.fp16", "remove it, or use bf16: true")]
    assert unfit(spec, WITH_GPU) == []


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        (argued("optim: paged_adamw_8bit"), "paged_adamw_8bit is not paged on a CPU"),
        (argued("bf16: true"), "bfloat16 is slower than float32 on this machine"),
        (spec_with(("method: lora", QLORA)), "takes less memory, and more time"),
    ],
    ids=["paged", "bf16", "qlora"],
)
def test_what_works_otherwise_than_it_sounds_is_remarked(spec, said):
    (remark,) = remarks(spec, LAPTOP)

    assert said in remark
    assert remarks(spec, WITH_GPU) == []


def test_looking_loads_no_framework():
    code = (
        "import sys; from controller.fitness import look_at_this_machine as look;"
        "assert look().cores >= 1;"
        "sys.exit(any(name in sys.modules for name in ('torch', 'transformers', 'bitsandbytes')))"
    )

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
    assert look_at_this_machine().libraries <= ALL
