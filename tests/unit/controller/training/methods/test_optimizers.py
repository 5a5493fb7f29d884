"""Every optimizer that a spec may name: it learns here, and goes on from a checkpoint exactly."""

import io
from typing import get_args

import pytest

from specs.training import Optimizer, is_of_bitsandbytes

pytestmark = pytest.mark.torch
torch = pytest.importorskip("torch", reason="the train extra is not installed")


def model():
    torch.manual_seed(0)
    # Above 4096 values a matrix has 8-bit states; below, bitsandbytes keeps 32 bits.
    return torch.nn.Sequential(torch.nn.Linear(128, 64), torch.nn.Tanh(), torch.nn.Linear(64, 2))


def optimizer_of(net, name):
    from transformers import Trainer, TrainingArguments

    arguments = TrainingArguments(output_dir="none", optim=name, learning_rate=3e-3, use_cpu=True)
    kind, options = Trainer.get_optimizer_cls_and_kwargs(arguments, net)
    return kind(net.parameters(), **options)


def steps(net, optimizer, numbers):
    losses = []
    for number in numbers:
        rows = torch.randn(16, 128, generator=torch.Generator().manual_seed(number))
        loss = torch.nn.functional.cross_entropy(net(rows), (rows[:, 0] > 0).long())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


# `trueup plan` says so of a spec that names one.
@pytest.mark.filterwarnings("ignore:Paged optimizers are not supported on CPU")
@pytest.mark.parametrize("name", get_args(Optimizer))
def test_it_learns_and_resumes_exactly(name):
    if is_of_bitsandbytes(name):
        pytest.importorskip("bitsandbytes", reason="the quantized extra is not installed")
    undisturbed = model()
    optimizer = optimizer_of(undisturbed, name)
    first = steps(undisturbed, optimizer, range(12))
    weights, states = io.BytesIO(), io.BytesIO()
    torch.save(undisturbed.state_dict(), weights)
    torch.save(optimizer.state_dict(), states)
    last = steps(undisturbed, optimizer, range(12, 24))

    resumed = model()
    resumed.load_state_dict(torch.load(io.BytesIO(weights.getvalue()), weights_only=True))
    again = optimizer_of(resumed, name)
    again.load_state_dict(torch.load(io.BytesIO(states.getvalue()), weights_only=True))
    steps(resumed, again, range(12, 24))

    assert sum(last) < sum(first)
    pairs = zip(undisturbed.parameters(), resumed.parameters(), strict=True)
    assert all(torch.equal(one, other) for one, other in pairs)
    states_held = [value for state in again.state.values() for value in state.values()]
    in_bytes = any(getattr(value, "dtype", None) == torch.uint8 for value in states_held)
    assert in_bytes == is_of_bitsandbytes(name)
