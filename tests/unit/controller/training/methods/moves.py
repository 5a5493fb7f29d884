"""What the tests of methods do with a model in this process."""

import torch


def stir(model, seed: int = 0) -> None:
    """Move what is trained away from its start, as training would."""
    draw = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for value in model.parameters():
            if value.requires_grad:
                value.add_(torch.randn(value.shape, generator=draw) * 0.02)


def outputs(model, batch):
    """Last hidden states, as evaluation gets them."""
    model.eval()
    with torch.inference_mode():
        return model(**batch).last_hidden_state.clone()


def gradients(model, batch):
    """The gradients of what is trained, one after the other."""
    model.train()
    model.zero_grad()
    torch.manual_seed(1)
    (model(**batch).last_hidden_state[:, 0] ** 3).sum().backward()
    return torch.cat([value.grad.flatten() for value in model.parameters() if value.requires_grad])


def cosine(one, other) -> float:
    return float(torch.nn.functional.cosine_similarity(one.double(), other.double(), dim=0))


def served(model, job, folder, batch):
    """Save what was trained, and get its outputs over a fresh base as serving loads it."""
    from controller.training.methods.adapt import save_trained
    from registry.serving.classifier_encoders import EncoderPool

    folder.mkdir(exist_ok=True)
    save_trained(model, job, folder)
    view = EncoderPool().adapted(job.base.folder, folder, quantization=job.training.quantization)
    with view.model() as fresh, torch.inference_mode():
        return fresh(**batch).last_hidden_state
