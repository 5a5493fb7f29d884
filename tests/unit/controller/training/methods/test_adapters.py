import pytest

from controller.errors import TrainingError

pytestmark = pytest.mark.torch
pytest.importorskip("torch")

BERT = [
    "encoder.layer.0.attention.self.query",
    "encoder.layer.0.attention.self.key",
    "encoder.layer.0.attention.self.value",
    "encoder.layer.0.output.dense",
]
LLAMA = ["model.layers.0.self_attn.q_proj", "model.layers.0.self_attn.v_proj", "lm_head"]


@pytest.mark.parametrize(
    ("layers", "wanted", "chosen"),
    [
        (BERT, "auto", ["query", "value"]),
        (LLAMA, "auto", ["q_proj", "v_proj"]),
        (["block.mixer", "block.out"], "auto", ["mixer", "out"]),
        (BERT, "all-linear", ["dense", "key", "query", "value"]),
        (LLAMA, "all-linear", ["q_proj", "v_proj"]),
        (BERT, ["value", "query", "value"], ["query", "value"]),
        (BERT, ["self.key"], ["self.key"]),
    ],
    ids=["bert", "llama", "unknown", "all of bert", "all of llama", "a list", "a longer ending"],
)
def test_target_modules_are_found_by_name_in_a_fixed_order(layers, wanted, chosen):
    from controller.training.methods.targets import target_modules

    assert target_modules(layers, wanted) == chosen


def test_a_target_module_that_does_not_exist_is_answered_with_the_nearest():
    from controller.training.methods.targets import target_modules

    with pytest.raises(TrainingError, match="no linear layer 'q_proj'") as raised:
        target_modules(BERT, ["query", "q_proj"])

    assert raised.value.reason == "TargetModuleNotFound"
    assert "query" in raised.value.fix


def test_the_written_config_has_no_trace_of_the_machine_or_of_chance():
    from pathlib import Path

    from controller.training.job import BaseModel
    from controller.training.methods.adapters import canonical_config

    base = BaseModel("org/base", "sha256:0", Path("/home/somebody/base"))
    found = {
        "target_modules": {"value", "query"},
        "modules_to_save": ["head", "head"],
        "base_model_name_or_path": "/home/somebody/base",
        "inference_mode": False,
    }

    config = canonical_config(found, base)

    assert config["target_modules"] == ["query", "value"]
    assert config["modules_to_save"] == ["head"]
    assert config["base_model_name_or_path"] == "org/base"
    assert config["inference_mode"] is True


def test_a_hub_commit_is_the_revision_of_the_config():
    from pathlib import Path

    from controller.training.job import BaseModel
    from controller.training.methods.adapters import canonical_config

    config = canonical_config({}, BaseModel("org/base", "0123abc", Path("/base")))

    assert config["revision"] == "0123abc"


@pytest.mark.parametrize(
    ("lora", "problem", "fix"),
    [
        ({"exclude_modules": ["valu"]}, "exclude_modules: the base has no adapted layer", "value"),
        ({"modules_to_save": ["LayerNrm"]}, "modules_to_save: the base has no module", "LayerNorm"),
        ({"rank_pattern": {"kee": 4}}, "rank_pattern: the base has no adapted layer", "key"),
        (
            {"layers_to_transform": [0, 7]},
            "layers_to_transform: the base has no block 7",
            "0 to 0",
        ),
        ({"modules_to_save": ["query"]}, "'encoder.layer.0.attention.self.query' is quantized", ""),
        (
            {"exclude_modules": ["query", "key", "value", "dense"]},
            "exclude_modules leaves no layer",
            "take a name out",
        ),
    ],
    ids=["excluded", "saved whole", "a pattern", "a block", "quantized", "nothing left"],
)
def test_every_other_name_is_held_against_the_base(lora, problem, fix):
    from controller.training.methods.targets import BaseNames, check_names
    from specs.training import Lora

    base = BaseNames(BERT, [*BERT, "encoder.layer.0.output.LayerNorm"], frozenset(BERT[:1]))

    with pytest.raises(TrainingError) as raised:
        check_names(Lora.model_validate(lora), base, ["dense", "key", "query", "value"])

    assert problem in str(raised.value)
    assert fix in raised.value.fix
    assert raised.value.reason == "TargetModuleNotFound"


def test_what_a_plan_counts_is_what_is_adapted():
    from controller.training.methods.targets import adapted_names, rank_of
    from specs.training import Lora

    lora = Lora(target_modules=["query", "key"], exclude_modules=["key"], rank_pattern={"query": 4})

    assert adapted_names(BERT, lora, task="text-classification") == BERT[:1]
    assert [rank_of(name, lora) for name in BERT[:2]] == [4, 16]


@pytest.mark.torch
def test_a_frozen_base_has_no_dropout_of_its_own(adapted):
    model, _job = adapted(lora={"lora_dropout": 0.1})

    dropouts = {
        name: module.p
        for name, module in model.named_modules()
        if type(module).__name__ == "Dropout"
    }

    assert {share for name, share in dropouts.items() if "lora_dropout" not in name} == {0.0}
    assert {share for name, share in dropouts.items() if "lora_dropout" in name} == {0.1}
