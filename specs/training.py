"""``spec.base``, ``spec.training`` and ``spec.compute``: what is adapted, how, and where."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from specs.paths import BaseModelName
from specs.perturbations import Perturbation
from specs.search import Search
from specs.section import Section

Method = Literal["linear-probe", "full", "lora", "qlora"]
Truncation = Literal["right", "left", "refuse"]
LossOn = Literal["completions", "last_completion", "all"]


Optimizer = Literal[
    "adamw_torch",
    "adamw_torch_fused",
    "adafactor",
    "sgd",
    "adamw_bnb_8bit",
    "adamw_8bit",
    "lion_8bit",
    "rmsprop_bnb_8bit",
    "ademamix_8bit",
    "paged_adamw_8bit",
    "paged_lion_8bit",
    "paged_ademamix_8bit",
]
"""Hugging Face's names. Each was trained with, and resumed to the same bytes."""


def is_of_bitsandbytes(optimizer: str) -> bool:
    """Whether bitsandbytes makes this optimizer."""
    return "bnb" in optimizer or "8bit" in optimizer


class Base(Section):
    """The pre-trained model that is adapted: declared, and pinned when it is resolved."""

    model: BaseModelName
    """Hub id, path in the repository, or ``registry:other-model@live``."""
    revision: str | None = None
    """Hub commit; resolved and recorded when left out."""
    candidates: list[BaseModelName] = []
    """Other bases to try, each in a trial at least; the best on validation wins."""


class Head(Section):
    """The classification head."""

    pooling: Literal["auto", "mean", "cls"] = "auto"
    """``auto`` follows how the base was trained (its ``1_Pooling/config.json``), else mean."""
    init: Literal["linear-probe", "random"] = "linear-probe"
    """``linear-probe`` fits the head on frozen features first: better and cheaper."""
    token_dropout: float = Field(default=0.3, ge=0, lt=1)
    """Share of each text's tokens that a training step does not see; not the first one. Where
    adapters sit on upper blocks only, the step is cheaper by that share."""


class Generation(Section):
    """How rows become tokens for a causal language model, and which of them are learned."""

    chat_template: str | None = Field(default=None, examples=["simple"])
    """Jinja, as in Hugging Face's ``chat_template.jinja``; ``simple`` is one that needs only an
    ``eos_token``. null: the base's own for messages, and none for prompt and completion."""
    loss_on: LossOn = Field(default="completions", examples=["last_completion"])
    """``completions``: the completion, or every turn of the assistant; ``last_completion``: its
    last turn; ``all``: the prompts as well."""
    packing: Literal["auto"] | bool = Field(default="auto", examples=[False])
    """Fill each row of a batch with several rows, kept apart. ``auto``: where it pays, which is on
    a GPU; what was done stands in the result."""


class Lora(Section):
    """PEFT's ``LoraConfig``, with its names."""

    r: int = Field(default=16, ge=1)
    """Rank of the adapter's matrices."""
    lora_alpha: int = Field(default=32, ge=1)
    """Scale of the adapter; it acts as ``lora_alpha / r``."""
    lora_dropout: float = Field(default=0.0, ge=0, lt=1)
    """Share of the adapter's inputs that are dropped in training."""
    target_modules: list[str] | Literal["auto", "all-linear"] = "all-linear"
    """``all-linear``: every linear layer but the output; ``auto``: query and value projections, the
    cheapest."""
    exclude_modules: list[str] = []
    """Layers that are left out of ``target_modules``; each name ends the name of some layer."""
    layers_to_transform: list[int] | Literal["auto", "all"] = "auto"
    """Numbers of the blocks that are adapted, counted from 0. ``auto``: all for causal-lm, and the
    upper half for text-classification, where it measured as good for half of the backward pass."""
    rank_pattern: dict[str, Annotated[int, Field(ge=1)]] = {}
    """Other ranks for some layers: the end of a layer's name, or a regular expression, to ``r``."""
    alpha_pattern: dict[str, Annotated[int, Field(ge=1)]] = {}
    """Other scales for some layers, like ``rank_pattern``."""
    modules_to_save: list[str] = []
    """Modules beside the adapter that are trained, and saved, whole."""
    bias: Literal["none", "all", "lora_only"] = "none"
    """Which biases are trained; only ``none`` leaves the base fit to be shared by versions."""
    use_rslora: bool = False
    """Scale by the square root of ``r`` instead."""
    use_dora: bool = False
    """Train magnitude and direction apart; slower."""
    init_lora_weights: bool | str = True
    """How the adapter starts: ``true``, ``false``, ``gaussian``, ``orthogonal``, ``pissa``,
    ``pissa_niter_4``, ``olora``; ``loftq`` for a base in 4 bits."""


class Quantization(Section):
    """bitsandbytes' settings, with transformers' names."""

    load_in_4bit: bool = False
    """Hold the base's weights in 4 bits."""
    load_in_8bit: bool = False
    """Hold the base's weights in 8 bits."""
    bnb_4bit_quant_type: Literal["nf4", "fp4"] = "nf4"
    """The 4-bit format."""
    bnb_4bit_use_double_quant: bool = True
    """Quantize the scales as well."""
    bnb_4bit_compute_dtype: Literal["float32", "bfloat16", "float16"] = "float32"
    """What is computed in."""


class Arguments(Section):
    """Hugging Face's ``TrainingArguments``, with its names; only what Trueup stands behind."""

    num_train_epochs: float = Field(default=2, gt=0)
    """Passes over the training rows."""
    max_steps: int = Field(default=-1, ge=-1)
    """When positive, overrides the epochs."""
    learning_rate: Annotated[float, Field(gt=0, le=1)] | None = None
    """Peak step size. null: 2e-3 for adapters of text-classification, otherwise 1e-3."""
    per_device_train_batch_size: int = Field(default=32, ge=1)
    """Rows per step, on each device."""
    gradient_accumulation_steps: int = Field(default=1, ge=1)
    """Batches that are added up before each optimizer step."""
    weight_decay: float = Field(default=0.0, ge=0)
    """Pull of the weights towards zero."""
    warmup_steps: float = Field(default=0, ge=0)
    """Steps; below 1, a share of all steps."""
    max_grad_norm: float = Field(default=1.0, gt=0)
    """Longer gradients are shortened to this."""
    lr_scheduler_type: Literal["linear", "cosine", "constant", "constant_with_warmup"] = "linear"
    """How the learning rate falls."""
    optim: Optimizer = "adamw_torch"
    """The optimizer; bitsandbytes makes those with ``bnb``, ``8bit`` or ``paged`` in the name."""
    bf16: bool | None = None
    """Compute in bfloat16; null: only where the hardware gains by it (GPU, CPU with AMX)."""
    fp16: bool = False
    """Compute in float16; needs an NVIDIA GPU."""
    activation_checkpointing: bool = False
    """Compute activations again in the backward pass instead of holding them: less memory, more
    time, the same weights; no part of the training digest."""
    use_cpu: bool = False
    """Leave the GPU alone."""
    train_sampling_strategy: Literal["group_by_length", "random"] = "group_by_length"
    """Rows of like length in one batch, which saves up to two thirds of the time, or any rows."""
    eval_strategy: Literal["epoch", "steps"] | None = None
    """When the validation rows are measured; null: by steps when ``eval_steps`` is given."""
    max_length: int = Field(default=64, ge=8)
    """Tokens per row; longer texts are cut as ``training.truncation`` says, and counted."""
    save_steps: int = Field(default=50, ge=1)
    """Optimizer steps between checkpoints."""
    eval_steps: int | None = Field(default=None, ge=1)
    """Optimizer steps between evaluations on the validation rows; null: one after each epoch."""
    logging_steps: int = Field(default=5, ge=1)
    """Optimizer steps between points of the loss curve; no part of the training digest."""


def learning_rate_of(training: "Training", *, task: str) -> float:
    """The declared peak step size, or the one that suits the task and the method."""
    declared = training.arguments.learning_rate
    if declared is not None:
        return declared
    return 2e-3 if task == "text-classification" and training.method in ("lora", "qlora") else 1e-3


STOPPING_METRICS: Mapping[str, tuple[str, ...]] = {
    "text-classification": ("loss", "accuracy", "f1_macro"),
    "causal-lm": ("loss", "accuracy"),
}
"""Task → what training itself measures on the validation rows; for causal-lm per token."""


class EarlyStopping(Section):
    """Stop when validation has not improved for ``patience`` evaluations.

    The weights of the best evaluation become the version, also when training was not stopped.
    """

    metric: str = "loss"
    """What must improve on the validation rows: ``loss``, ``accuracy`` (for causal-lm: per token
    of the answers), or for text-classification ``f1_macro``."""
    patience: int = Field(default=2, ge=1)
    """Evaluations in a row without improvement before training stops."""
    threshold: float = Field(default=0.0, ge=0)
    """How much the metric must change for the better to count as an improvement."""


class Mitigation(Section):
    """Declared remedies: re-weighting and augmentation, recorded in lineage."""

    reweight: str | None = None
    """Weigh training rows so that each value of ``label``, or of a slice family, counts the same;
    the weights have mean 1. With ``columns.labels`` a row weighs as its rarest label."""
    augment: list[Perturbation] = []
    """Changed copies of training rows that are added to them: written with noise, or with the words
    of an attribute swapped."""
    augment_copies: float = Field(default=0.5, gt=0, le=10)
    """Copies per training row and kind: 0.5 is one for every other row."""


class Training(Section):
    """How the base is adapted."""

    method: Method = "lora"
    """What is trained: a head on frozen features, all weights, an adapter, or an adapter on a
    quantized base."""
    head: Head = Head()
    generation: Generation = Generation()
    lora: Lora = Lora()
    quantization: Quantization | None = None
    """bitsandbytes' settings for ``qlora``; null: none."""
    arguments: Arguments = Arguments()
    early_stopping: EarlyStopping | None = None
    """Stop when the validation rows no longer improve; null: never."""
    truncation: Truncation | None = None
    """What is cut of a row longer than ``max_length``: its end (``right``), its beginning
    (``left``), or nothing (``refuse``: such a training row is an error). Served texts are cut the
    same way; under ``refuse``, at the end. null: ``right``, and for causal-lm the prompt's
    beginning."""
    calibration: Literal["temperature"] | None = None
    """``temperature``: after the fit, scale the logits so that the validation rows get the least
    log-loss; no answer changes, only how sure it is. null: as trained. text-classification only."""
    mitigation: Mitigation | None = None
    """Declared remedies for what evaluation found; null: none."""
    search: Search | None = None
    """Hyperparameters that are searched, each trial a run of its own; null: none."""
    seed: int = Field(default=17, ge=0, lt=2**32)
    """Of every random choice: split, head, order of rows, dropout."""


class Compute(Section):
    """Where training runs, and what it may take."""

    executor: Literal["local", "torchrun", "ray"] = "local"
    """Where training runs: one child process, several on this machine, or a Ray cluster."""
    processes: int = Field(default=1, ge=1)
    """Training processes. They share the rows of each step, so that a step is the same step: each
    takes ``per_device_train_batch_size * gradient_accumulation_steps / processes`` rows of it."""
    strategy: Literal["ddp", "fsdp"] = "ddp"
    """``ddp``: every process holds the whole model; ``fsdp``: each holds a part of it
    (causal-lm, method full or lora)."""
    memory_gib: float | None = Field(default=None, gt=0)
    """The most memory that one training process may take; null: what the machine has."""
    timeout_minutes: float = Field(default=120, gt=0)
    """A run that takes longer is stopped and counts as failed."""
    resources: dict[str, float] = {}
    """What Ray must provide for each process, by Ray's names: ``{CPU: 2, GPU: 1}``."""
