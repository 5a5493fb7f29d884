"""Hugging Face's trainer, with the four things changed that it gets wrong for us.

Checkpoints hold what is trained and no pickled arguments; the order of the rows depends on seed
and epoch alone, so that a resumed second epoch sees the rows an undisturbed one would; the loss of
a step is that of one big batch, however many batches and processes it is made of
(transformers#47688); a loss that is not finite ends it.
"""

import math
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import torch
from torch.distributed.tensor import DTensor
from torch.utils.data import DataLoader, Dataset, Sampler
from transformers import (
    Trainer,
    TrainerCallback,
    TrainerControl,
    TrainerState,
    TrainingArguments,
)
from transformers.trainer_pt_utils import get_length_grouped_indices

from controller.errors import TrainingError
from controller.training.failures import loss_not_finite
from controller.training.fitting.sharding import (
    gathered,
    is_sharded,
    keep_whole_states,
    spread,
)
from controller.training.fitting.shares import FILLER, SharedBatches
from controller.training.fitting.together import seed_of_step
from controller.training.job import TrainJob
from controller.training.learner import Learner, TokenRow
from controller.training.methods.precision import choose_precision
from controller.training.ranks import batches_of, is_first, rank, world_size
from controller.training.weights import (
    load_weights,
    restore_weights,
    save_weights,
    trained_weights,
)
from specs.training import learning_rate_of

NOT_THE_TRAINERS = {
    "max_length",
    "bf16",
    "fp16",
    "activation_checkpointing",
    "use_cpu",
    "train_sampling_strategy",
    "eval_strategy",
    "eval_steps",
}
"""Declared arguments that are seen to elsewhere: by the task, or when the method adapts."""
WEIGHTS_FILE = "trained.safetensors"
EVIDENCE = 5
"""Points of the loss curve that an error about it quotes."""
UNCOUNTED = "uncounted"
"""Marks a batch that only keeps a process in step with the others."""
KEPT_CHECKPOINTS = 2
"""Two, so that one is whole whenever the process is killed while it writes the other."""


class TokenRows(Dataset[TokenRow]):  # type: ignore[misc]  # untyped here
    """The rows as torch wants them."""

    def __init__(self, rows: Sequence[TokenRow]) -> None:
        """``rows`` are tokenised."""
        self._rows = rows

    def __len__(self) -> int:
        """How many rows."""
        return len(self._rows)

    def __getitem__(self, index: int) -> TokenRow:
        """One row, or one that stands in and counts for nothing."""
        return self._rows[index] if index >= 0 else self._rows[FILLER - index] | {UNCOUNTED: True}


class LengthGroupedOrder(Sampler[int]):  # type: ignore[misc]  # untyped here
    """Rows of like length side by side, in an order that seed and epoch decide.

    Transformers' own sampler draws from the global random state, which in a second epoch depends
    on every dropout before it: an interrupted run could not be resumed to the same weights.
    """

    def __init__(self, lengths: list[int], batch_size: int, seed: int) -> None:
        """``batch_size`` rows become one optimizer step."""
        self._lengths = lengths
        self._batch_size = batch_size
        self._seed = seed
        self._epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Called by the trainer before each epoch."""
        self._epoch = epoch

    def __len__(self) -> int:
        """How many rows."""
        return len(self._lengths)

    def __iter__(self) -> Iterator[int]:
        """Every row once."""
        generator = torch.Generator().manual_seed(self._seed * 1_000_003 + self._epoch)
        return iter(
            get_length_grouped_indices(self._lengths, self._batch_size, generator=generator)
        )


class FineTuner(Trainer):  # type: ignore[misc]  # untyped here
    """The trainer of one learner."""

    def __init__(self, learner: Learner, job: TrainJob, checkpoints: Path) -> None:
        """``checkpoints`` is where it saves, and never anything else."""
        super().__init__(
            model=learner.model,
            args=training_arguments(job, checkpoints),
            train_dataset=TokenRows(learner.rows),
            data_collator=lambda rows: _collated(learner, rows),
        )
        # Every task's model divides by the rows (or tokens) of the whole step: see Learner.model.
        self.model_accepts_loss_kwargs = True
        if world_size() > 1:
            self.add_callback(SeededSteps(job.training.seed))
        # The name of transformers' own switch for "already placed and sharded: wrap it in nothing".
        self.is_distributed_loading_by_transformers = is_sharded(job)
        self._job = job
        self._lengths = [len(row["input_ids"]) for row in learner.rows]

    def save_trained(self, folder: Path) -> None:
        """Write the trained weights of this moment into ``folder``."""
        folder.mkdir(parents=True, exist_ok=True)
        tensors = trained_weights(self.model)
        if is_sharded(self._job):
            tensors = gathered(tensors)
        if tensors:
            save_weights(tensors, folder / WEIGHTS_FILE)

    def restore_trained(self, folder: Path) -> None:
        """Put the trained weights in ``folder`` back."""
        if is_sharded(self._job):
            spread(load_weights(folder / WEIGHTS_FILE) if is_first() else {}, self.model)
        else:
            restore_weights(self.model, load_weights(folder / WEIGHTS_FILE))

    def training_step(self, *given: Any, **named: Any) -> torch.Tensor:
        """One forward and backward pass; TrainingError when its loss is not finite."""
        loss: torch.Tensor = super().training_step(*given, **named)
        if not torch.isfinite(loss):
            raise self._not_finite("loss")
        return loss

    def _clip_grad_norm(self, model: Any) -> Any:
        norm = super()._clip_grad_norm(model)
        if isinstance(norm, DTensor):
            norm = norm.full_tensor()
        # Before the optimizer's step: after it the weights would be lost, and the loss of the last
        # step would have told nobody. A gradient scaler (fp16) skips such steps by itself.
        if self.accelerator.scaler is None and not math.isfinite(float(norm)):
            raise self._not_finite("gradient")
        return norm

    def _not_finite(self, what: str) -> TrainingError:
        points = [(one["step"], one["loss"]) for one in self.state.log_history if "loss" in one]
        return loss_not_finite(self._job, what, self.state.global_step + 1, points[-EVIDENCE:])

    def get_train_dataloader(self) -> DataLoader:
        """All rows, or this process's share of them."""
        if world_size() == 1:
            return super().get_train_dataloader()
        order = self._get_train_sampler()
        size = self.args.per_device_train_batch_size
        batches = SharedBatches(order, size, rank=rank(), processes=world_size())
        return EpochLoader(self.train_dataset, batch_sampler=batches, collate_fn=self.data_collator)

    def compute_loss(self, model: Any, inputs: dict[str, Any], *given: Any, **named: Any) -> Any:
        """The loss; nothing of it for a batch that only keeps a process in step."""
        is_uncounted = inputs.pop(UNCOUNTED, None) is not None
        loss = super().compute_loss(model, inputs, *given, **named)
        return loss * 0 if is_uncounted else loss

    def create_optimizer(self, *given: Any, **named: Any) -> torch.optim.Optimizer:
        """The declared optimizer; of sharded weights, one whose saved state is whole."""
        optimizer = super().create_optimizer(*given, **named)
        if is_sharded(self._job):
            keep_whole_states(optimizer)
        return optimizer

    def _defer_fsdp_gradient_reduction(self) -> AbstractContextManager[None]:
        return (
            nullcontext()
        )  # after each batch: whole gradients would take the room that shares save

    def _save_optimizer_and_scheduler(self, output_dir: str) -> None:
        super()._save_optimizer_and_scheduler(output_dir)
        if is_sharded(self._job) and not self.args.should_save:
            self.optimizer.state_dict()  # the first process, which saves, needs the others' shares

    def _save_rng_state(self, output_dir: str) -> None:
        if world_size() == 1:  # several processes draw anew in each step
            super()._save_rng_state(output_dir)

    def _get_train_sampler(self, train_dataset: Any = None) -> Sampler[int]:  # noqa: ARG002  (base's)
        arguments = self._job.training.arguments
        size = arguments.per_device_train_batch_size * arguments.gradient_accumulation_steps
        is_grouped = arguments.train_sampling_strategy == "group_by_length"
        lengths = self._lengths if is_grouped else [0] * len(self._lengths)
        return LengthGroupedOrder(lengths, size, self._job.training.seed)

    def _save(self, output_dir: str | None = None, state_dict: Any = None) -> None:  # noqa: ARG002
        assert output_dir is not None, "only checkpoints are saved through the trainer"
        self.save_trained(Path(output_dir))

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: Any = None) -> None:  # noqa: ARG002
        self.restore_trained(Path(resume_from_checkpoint))


class SeededSteps(TrainerCallback):  # type: ignore[misc]  # untyped here
    """Random choices that each process draws anew in each step, from the seed and its number."""

    def __init__(self, seed: int) -> None:
        """``seed`` is the spec's."""
        self._seed = seed

    def on_step_begin(
        self, _args: TrainingArguments, state: TrainerState, _control: TrainerControl, **_: Any
    ) -> None:
        """Before the first batch of a step."""
        torch.manual_seed(seed_of_step(self._seed, state.global_step))


class EpochLoader(DataLoader):  # type: ignore[misc]  # untyped here
    """A loader that tells its batches of the epoch, which a plain one does not."""

    def set_epoch(self, epoch: int) -> None:
        """Called by the trainer before each epoch."""
        self.batch_sampler.set_epoch(epoch)


def _collated(learner: Learner, rows: list[TokenRow]) -> dict[str, torch.Tensor]:
    batch = learner.collate(rows)
    if UNCOUNTED in rows[0]:
        batch["labels"] = torch.full_like(batch["labels"], -100)
        batch[UNCOUNTED] = torch.tensor(1)
    return batch


def training_arguments(job: TrainJob, checkpoints: Path) -> TrainingArguments:
    """The declared arguments, and what Trueup adds to them."""
    declared = job.training.arguments.model_dump(exclude=NOT_THE_TRAINERS)
    precision = choose_precision(job.training.arguments)
    rows, batches = batches_of(
        job.training.arguments.per_device_train_batch_size,
        job.training.arguments.gradient_accumulation_steps,
        world_size(),
    )
    declared["learning_rate"] = learning_rate_of(job.training, task=job.task)
    shared = {"per_device_train_batch_size": rows, "gradient_accumulation_steps": batches}
    return TrainingArguments(
        **(declared | shared),
        ddp_find_unused_parameters=world_size() > 1 or None,
        output_dir=str(checkpoints),
        seed=job.training.seed,
        save_strategy="steps",
        save_total_limit=KEPT_CHECKPOINTS,
        train_sampling_strategy="group_by_length",
        use_cpu=precision.device == "cpu",
        bf16=precision.format == "bfloat16",
        fp16=precision.format == "float16",
        dataloader_pin_memory=False,
        remove_unused_columns=False,
        logging_nan_inf_filter=False,
        disable_tqdm=True,
        report_to=[],
        include_num_input_tokens_seen="all",
    )
