"""Loss and gradients of a step do not depend on how many batches the step is made of."""

import json

import pytest

pytestmark = pytest.mark.torch
torch = pytest.importorskip("torch")

ROWS = 41
"""Two whole steps of 16 rows and a last one of 9: uneven for each way to cut it."""
SHAPES = ((16, 1), (8, 2), (4, 4))


@pytest.fixture
def gradients(jobs, tiny_base, still_base, tmp_path):
    """Gradients and logged losses of each step of one epoch."""
    from transformers import TrainerCallback

    from controller.job_protocol import JobFolder
    from controller.training.fitting.trainer import FineTuner
    from controller.training.job import read_job
    from controller.training.tasks import open_task

    class Noting(TrainerCallback):
        def __init__(self):
            self.gradients, self.losses = [], []

        def on_pre_optimizer_step(self, _args, _state, _control, *, model, **_):
            trained = {name: v for name, v in model.named_parameters() if v.requires_grad}
            self.gradients.append({name: v.grad.clone() for name, v in trained.items()})

        def on_step_end(self, _args, _state, control, **_):
            control.should_save = False

        def on_log(self, _args, _state, _control, *, logs, **_):
            self.losses += [logs["loss"]] if "loss" in logs else []

    def run(task, method, batch, accumulate):
        arguments = {"per_device_train_batch_size": batch, "logging_steps": 1}
        # So that each step's gradients are those of the same weights, and are not shortened.
        arguments |= {"gradient_accumulation_steps": accumulate, "learning_rate": 1e-12}
        training = {
            "arguments": arguments | {"max_grad_norm": 1e9, "max_length": 32},
            "method": method,
            "lora": {"lora_dropout": 0.0},
            "quantization": {"load_in_4bit": True} if method == "qlora" else None,
        }
        if task == "causal-lm":
            folder = jobs.make_causal(tiny_base, **training)
        else:
            head = {"init": "random", "token_dropout": 0.0}
            folder = jobs.make(rows=ROWS, base=still_base, head=head, **training)
        found = json.loads((folder / "job.json").read_text())
        job = read_job(found, threads=1)
        torch.manual_seed(0)
        tuner = FineTuner(open_task(job, JobFolder(folder)), job, tmp_path)
        noting = Noting()
        tuner.add_callback(noting)
        tuner.train()
        return noting

    return run


@pytest.mark.parametrize("task", ["text-classification", "causal-lm"])
@pytest.mark.parametrize("method", ["full", "lora", "qlora"])
def test_accumulated_batches_give_loss_and_gradients_of_one_big_batch(gradients, task, method):
    """Transformers 5.23 multiplies both by the number of batches (transformers#47688)."""
    if method == "qlora":
        pytest.importorskip("bitsandbytes", reason="the quantized extra is not installed")
    whole, *parts = [gradients(task, method, *shape) for shape in SHAPES]

    assert len(whole.gradients) == 3
    for part in parts:
        assert part.losses == pytest.approx(whole.losses, rel=1e-4)
        for step, expected in zip(part.gradients, whole.gradients, strict=True):
            assert step.keys() == expected.keys()
            for name, value in expected.items():
                error = (step[name] - value).norm()
                assert error <= 1e-4 * value.norm() + 1e-6, name
