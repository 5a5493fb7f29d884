"""Every start and shape of an adapter: saved as plain LoRA, it does the same on a fresh base."""

import json

import pytest

pytestmark = pytest.mark.torch
torch = pytest.importorskip("torch", reason="the train extra is not installed")

from tests.unit.controller.training.methods.moves import (  # noqa: E402
    gradients,
    outputs,
    served,
    stir,
)

KINDS = {
    "pissa": {"init_lora_weights": "pissa"},
    "pissa by iteration": {"init_lora_weights": "pissa_niter_4"},
    "olora, rank-stabilised": {"init_lora_weights": "olora", "use_rslora": True},
    "pissa, ranks by layer": {
        "init_lora_weights": "pissa",
        "rank_pattern": {"query": 4},
        "alpha_pattern": {"value": 3},
    },
    "gaussian": {"init_lora_weights": "gaussian"},
    "orthogonal": {"init_lora_weights": "orthogonal"},
    "random": {"init_lora_weights": False},
    "dora": {"use_dora": True},
    "rslora, one block, a module whole": {
        "use_rslora": True,
        "target_modules": "all-linear",
        "exclude_modules": ["dense"],
        "layers_to_transform": [5],
        "modules_to_save": ["LayerNorm"],
    },
}


@pytest.mark.parametrize("lora", KINDS.values(), ids=KINDS.keys())
def test_the_saved_adapter_does_the_same_on_a_fresh_base(adapted, batch, tmp_path, lora):
    model, job = adapted(lora=lora)
    stir(model)

    found = served(model, job, tmp_path, batch)

    assert torch.allclose(found, outputs(model, batch), atol=2e-5)
    config = json.loads((tmp_path / "adapter_config.json").read_text())
    assert config["init_lora_weights"] in (True, lora.get("init_lora_weights"))


def test_the_start_depends_on_base_spec_and_seed_alone(adapted):
    first, _ = adapted(lora={"init_lora_weights": "pissa_niter_4"})
    torch.rand(17)
    again, _ = adapted(lora={"init_lora_weights": "pissa_niter_4"})

    assert all(
        torch.equal(one, other)
        for one, other in zip(first.state_dict().values(), again.state_dict().values(), strict=True)
    )


@pytest.mark.parametrize("training", [{}, {"method": "full"}], ids=["lora", "full"])
def test_checkpointed_activations_give_the_same_gradients(adapted, batch, training):
    plain, _ = adapted(**training)
    stir(plain)
    saving, _ = adapted(**training, arguments={"activation_checkpointing": True})
    stir(saving)

    assert torch.equal(gradients(saving, batch), gradients(plain, batch))
