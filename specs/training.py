"""``spec.base``, ``spec.training`` and ``spec.compute``: what is adapted, how, and where."""

from typing import Any, Literal

from pydantic import Field

from specs.paths import BaseModelName
from specs.section import Section

Method = Literal["linear-probe", "full", "lora", "qlora"]


class Base(Section):
    """The pre-trained model that is adapted: declared, and pinned when it is resolved."""

    model: BaseModelName
    """Hub id, path in the repository, or ``registry:other-model@live``."""
    revision: str | None = None
    """Hub commit; resolved and recorded when left out."""
    candidates: list[BaseModelName] = []
    """Other bases to try; the best one on validation wins."""


class Head(Section):
    """The classification head."""

    pooling: Literal["auto", "mean", "cls"] = "auto"
    """``auto`` follows how the base was trained (its ``1_Pooling/config.json``), else mean."""
    init: Literal["linear-probe", "random"] = "linear-probe"
    """``linear-probe`` fits the head on frozen features first: better and cheaper."""


class Lora(Section):
    """PEFT's ``LoraConfig``, with its names."""

    r: int = Field(default=16, ge=1)
    lora_alpha: int = Field(default=32, ge=1)
    lora_dropout: float = Field(default=0.05, ge=0, lt=1)
    target_modules: list[str] | Literal["auto", "all-linear"] = "auto"
    """``auto``: query and value projections, the choice that measured best per CPU second."""
    use_rslora: bool = False
    use_dora: bool = False
    init_lora_weights: bool | str = True


class Quantization(Section):
    """bitsandbytes' settings, with transformers' names."""

    load_in_4bit: bool = False
    load_in_8bit: bool = False
    bnb_4bit_quant_type: Literal["nf4", "fp4"] = "nf4"
    bnb_4bit_use_double_quant: bool = True
    bnb_4bit_compute_dtype: Literal["float32", "bfloat16", "float16"] = "float32"


class Arguments(Section):
    """Hugging Face's ``TrainingArguments``, with its names; only what Trueup stands behind."""

    num_train_epochs: float = Field(default=1, gt=0)
    max_steps: int = Field(default=-1, ge=-1)
    """When positive, overrides the epochs."""
    learning_rate: float = Field(default=1e-3, gt=0, le=1)
    per_device_train_batch_size: int = Field(default=32, ge=1)
    gradient_accumulation_steps: int = Field(default=1, ge=1)
    weight_decay: float = Field(default=0.0, ge=0)
    warmup_steps: float = Field(default=0, ge=0)
    """Steps; below 1, a share of all steps."""
    max_grad_norm: float = Field(default=1.0, gt=0)
    lr_scheduler_type: Literal["linear", "cosine", "constant", "constant_with_warmup"] = "linear"
    optim: Literal["adamw_torch", "adamw_torch_fused", "adamw_bnb_8bit", "sgd"] = "adamw_torch"
    max_length: int = Field(default=64, ge=8)
    """Tokens per row; longer texts are cut, and counted."""
    save_steps: int = Field(default=50, ge=1)
    """Optimizer steps between checkpoints."""
    logging_steps: int = Field(default=5, ge=1)


class EarlyStopping(Section):
    """Stop when validation has not improved for ``patience`` evaluations."""

    metric: str = "f1_macro"
    patience: int = Field(default=2, ge=1)


class Mitigation(Section):
    """Declared remedies: re-weighting and augmentation, recorded in lineage."""

    reweight: str | None = None
    augment: list[str] = []


class Training(Section):
    """How the base is adapted."""

    method: Method = "lora"
    head: Head = Head()
    lora: Lora = Lora()
    quantization: Quantization | None = None
    arguments: Arguments = Arguments()
    early_stopping: EarlyStopping | None = None
    mitigation: Mitigation | None = None
    search: dict[str, Any] | None = None
    seed: int = Field(default=17, ge=0, lt=2**32)


class Compute(Section):
    """Where training runs, and what it may take."""

    executor: Literal["local", "torchrun", "ray"] = "local"
    processes: int = Field(default=1, ge=1)
    timeout_minutes: float = Field(default=120, gt=0)
    resources: dict[str, float] = {}
