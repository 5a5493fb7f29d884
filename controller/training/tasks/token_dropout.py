"""Tokens that a training step does not see: a share of each text's own, never its first.

So many of them are left out, not each by a chance of its own. Rows of like length then stay of like
length, and where a row's states are kept (``lower_blocks``) its dropped tokens can be taken out of
the batch: attention and pooling see the same as behind a mask, for that share less CPU time.
"""

import torch


def draw_kept(mask: torch.Tensor, share: float) -> torch.Tensor:
    """``mask`` with ``share`` of each row's tokens, rounded, set to 0.

    ``mask`` is 0 and 1, [rows, tokens], padded at the end; no row is empty.
    """
    count = mask.sum(1, keepdim=True)
    seen = count - ((count - 1) * share).round().to(count.dtype)
    lots = torch.rand(mask.shape, device=mask.device)
    lots[:, 0] = -1.0  # a row without any token has no vector, and `cls` pools the first
    place = lots.masked_fill(mask == 0, 2.0).argsort(1).argsort(1)
    return (place < seen).to(mask.dtype)


def take_out(kept: torch.Tensor, *parts: torch.Tensor) -> tuple[torch.Tensor, ...]:
    """A mask over what ``kept`` leaves, and of each of ``parts``, [rows, tokens, ...], the same.

    The order of the tokens stays; as many are left as the row with most of them has.
    """
    longest = int(kept.sum(1).max())
    order = kept.argsort(dim=1, descending=True, stable=True)[:, :longest]
    rows = torch.arange(len(kept), device=kept.device).unsqueeze(1)
    return tuple(part[rows, order] for part in (kept, *parts))
