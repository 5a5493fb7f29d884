"""The frozen lower blocks of an encoder, run once for each row instead of at every step.

Where adapters sit on the upper blocks only, what the lower ones give for a row never changes: it is
kept with the row, and blocks that give it back stand where the frozen ones stood. An epoch over
MiniLM's upper half then costs less than half (docs/experiments.md). Each row's states come from the
same batch in every run, so that a resumed run goes on with the same bytes.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress

import torch
from torch import nn
from torch.nn.utils.rnn import pad_sequence

from controller.training.job import TrainJob
from controller.training.learner import TokenRow
from controller.training.methods.targets import adapted_blocks
from controller.training.ranks import world_size
from specs.digest import METHODS_WITH_ADAPTERS

HIDDEN = "hidden"
"""In a row: what the lower blocks give for it, float32 [tokens, hidden size]."""
MOST_BYTES = 2**30
"""Kept at most: 50,000 rows of 14 tokens of MiniLM. For more, blocks are run at every step."""
FLOAT_BYTES = 4
TOLERANCE = 1e-4
"""Largest difference of a vector, as a share of the largest, between kept and run blocks."""


class Kept(nn.Module):  # type: ignore[misc]  # torch is untyped here
    """Stands where frozen blocks stood, and gives what they gave."""

    def __init__(self) -> None:
        super().__init__()
        self.hidden: torch.Tensor | None = None

    def forward(self, hidden: torch.Tensor, *_given: object, **_named: object) -> torch.Tensor:
        """The kept states; those that came in, where there are none."""
        return hidden if self.hidden is None else self.hidden


class LowerBlocks:
    """The lowest ``count`` blocks of one encoder."""

    def __init__(self, blocks: nn.ModuleList, count: int) -> None:
        """``blocks`` are the encoder's own, all of them."""
        self._blocks = blocks
        self._frozen = list(blocks[:count])
        self._kept = Kept()
        self.are_left_out = False
        """Whether the kept states are given, and the frozen blocks are not run."""

    def keep(self, rows: Sequence[TokenRow], run: Callable[[], torch.Tensor]) -> torch.Tensor:
        """Do ``run``, a forward pass over ``rows``, and keep what the lower blocks gave."""
        caught: list[torch.Tensor] = []
        hook = self._frozen[-1].register_forward_hook(lambda _m, _given, out: caught.append(out))
        try:
            return run()
        finally:
            hook.remove()
            _give_to(rows, caught)

    def keep_only(self, rows: Sequence[TokenRow], run: Callable[[], torch.Tensor]) -> None:
        """The same, without running the upper blocks: they would be run for nothing.

        Nothing is run where every row has its states.
        """
        if all(HIDDEN in row for row in rows):
            return
        caught: list[torch.Tensor] = []

        def catch(_module: nn.Module, _given: object, out: torch.Tensor) -> None:
            caught.append(out)
            raise _Enough

        hook = self._frozen[-1].register_forward_hook(catch)
        try:
            with suppress(_Enough):
                run()
        finally:
            hook.remove()
            _give_to(rows, caught)

    def leave_out(
        self, sample: Sequence[TokenRow], run: Callable[[Sequence[TokenRow]], torch.Tensor]
    ) -> bool:
        """From now on give the kept states, and do not run the frozen blocks.

        False, and everything as it was, where ``run`` then gives another result for ``sample``.
        """
        wanted = run(sample)
        self._stand_in()
        if not agree(wanted, run(sample)):
            self._put_back()
        return self.are_left_out

    def states_of(self, rows: Sequence[TokenRow]) -> torch.Tensor:
        """The kept states of a batch, padded: [rows, tokens, hidden size]."""
        return pad_sequence([row[HIDDEN] for row in rows], batch_first=True)

    def _stand_in(self) -> None:
        self.are_left_out = True
        for index in range(len(self._frozen)):
            is_last = index == len(self._frozen) - 1
            self._blocks[index] = self._kept if is_last else Kept()

    def _put_back(self) -> None:
        self.are_left_out = False
        for index, block in enumerate(self._frozen):
            self._blocks[index] = block

    def use(self, hidden: torch.Tensor | None) -> None:
        """The next forward pass is over rows with these states, [rows, tokens, hidden size]."""
        self._kept.hidden = hidden


class _Enough(Exception):  # noqa: N818  (no error: the lower blocks have been run)
    """Ends a forward pass that has given what was wanted."""


def find_lower_blocks(
    encoder: nn.Module, job: TrainJob, splits: Sequence[Sequence[TokenRow]]
) -> LowerBlocks | None:
    """The blocks below every adapter, where it is certain that their states never change.

    None for what trains anything else, shares its rows with other processes, computes in 16 bits,
    or has more rows than are kept.
    """
    training, blocks = job.training, _blocks_of(encoder)
    in_16_bits = training.arguments.bf16 is True or training.arguments.fp16
    if training.method not in METHODS_WITH_ADAPTERS or training.lora.modules_to_save or in_16_bits:
        return None
    if blocks is None or world_size() > 1:
        return None
    wanted = adapted_blocks(
        [name for name, _ in encoder.named_modules()], training.lora, task=job.task
    )
    tokens = sum(len(row["input_ids"]) for rows in splits for row in rows)
    if not wanted or min(wanted) == 0:
        return None
    if tokens * encoder.config.hidden_size * FLOAT_BYTES > MOST_BYTES:
        return None
    return LowerBlocks(blocks, min(wanted))


def agree(wanted: torch.Tensor, found: torch.Tensor) -> bool:
    """Whether two results of the same rows differ by rounding only."""
    return bool((wanted - found).abs().max() <= TOLERANCE * wanted.abs().max())


def _give_to(rows: Sequence[TokenRow], caught: list[torch.Tensor]) -> None:
    for states in caught[:1]:
        for row, hidden in zip(rows, states, strict=True):
            row[HIDDEN] = hidden[: len(row["input_ids"])].to("cpu", copy=True)


def _blocks_of(encoder: nn.Module) -> nn.ModuleList | None:
    """The one list of as many blocks as the config says; None where that is not certain."""
    count = getattr(encoder.config, "num_hidden_layers", None)
    lists = (module for module in encoder.modules() if isinstance(module, nn.ModuleList))
    found = [one for one in lists if len(one) == count]
    return found[0] if len(found) == 1 else None
