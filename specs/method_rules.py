"""Rules between a method's own fields: what PEFT and bitsandbytes can do together, and what not."""

import re
from collections.abc import Iterator

from specs.model import Spec
from specs.problems import Loc, Problem, suggest

TRAINING = ("spec", "training")
LORA: Loc = (*TRAINING, "lora")
ARGUMENTS: Loc = (*TRAINING, "arguments")

PLAIN_INITIALISATIONS = ("gaussian", "orthogonal")
"""Beside true and false: these leave the base's own weights alone."""
INITIALISATIONS_OF_THE_BASE = ("pissa", "olora")
"""These move a part of the base's weights into the adapter; ``pissa_niter_4`` is one as well."""
_ITERATED_PISSA = re.compile(r"pissa_niter_[1-9][0-9]?")
_NEED_A_PASS_OVER_THE_DATA = ("eva", "corda", "lora_ga", "mica")


def initialisation_moves_weights(name: bool | str) -> bool:  # noqa: FBT001  (PEFT's own value)
    """Whether this initialisation takes out of the base what it puts into the adapter."""
    return name in INITIALISATIONS_OF_THE_BASE or bool(_ITERATED_PISSA.fullmatch(str(name)))


def quantization_fits(spec: Spec) -> Iterator[Problem]:
    """Quantization and qlora belong together, and it is 4 bits or 8."""
    quantization, at = spec.training.quantization, (*TRAINING, "quantization")
    if quantization is None:
        if spec.training.method == "qlora":
            fix = "add quantization: {load_in_4bit: true}"
            yield Problem((*TRAINING, "method"), "qlora needs quantization", fix)
        return
    if spec.training.method != "qlora":
        text = f"quantization needs method qlora, not {spec.training.method}"
        yield Problem(at, text, "set method: qlora, or remove quantization", at_key=True)
    if quantization.load_in_4bit == quantization.load_in_8bit:
        text = "exactly one of load_in_4bit and load_in_8bit must be true"
        yield Problem(at, text, "write load_in_4bit: true", at_key=True)
    if quantization.load_in_8bit:
        given = (name for name in quantization.model_fields_set if name.startswith("bnb_4bit"))
        for name in sorted(given):
            text = f"{name} is for load_in_4bit, and load_in_8bit is wanted"
            yield Problem((*at, name), text, "remove it", at_key=True)


def initialisation_fits(spec: Spec) -> Iterator[Problem]:
    """The adapter's start is one that Trueup does, and fits the rest."""
    lora, at = spec.training.lora, (*LORA, "init_lora_weights")
    start, quantization = lora.init_lora_weights, spec.training.quantization
    moves = initialisation_moves_weights(start)
    if start in _NEED_A_PASS_OVER_THE_DATA:
        text = f"{start} needs a pass over the rows before training, which Trueup does not make"
        yield Problem(at, text, "use pissa or olora, which need the base alone, or true")
    elif isinstance(start, str) and not moves and start not in (*PLAIN_INITIALISATIONS, "loftq"):
        known = (*PLAIN_INITIALISATIONS, *INITIALISATIONS_OF_THE_BASE, "pissa_niter_4", "loftq")
        yield Problem(at, f"unknown initialisation {start!r}", suggest(start, known))
    if moves and spec.training.method == "qlora":
        text = f"{start} changes the base's weights, and a quantized base cannot hold the change"
        yield Problem(at, text, "use loftq, which is made for a quantized base, or true")
    if moves and lora.use_dora:
        text = f"with use_dora, what {start} moved cannot be written as an adapter for the base"
        yield Problem(at, text, "use use_dora: false, or init_lora_weights: true")
    if start == "loftq" and not (quantization is not None and quantization.load_in_4bit):
        text = "loftq makes up for the rounding of a base in 4 bits, and this base is not"
        yield Problem(at, text, "use method: qlora with load_in_4bit: true, or pissa")
    if start == "orthogonal" and lora.r % 2:
        text = f"orthogonal splits the rank in two halves, and r is {lora.r}"
        yield Problem(at, text, "use an even r")


def lora_names_fit(spec: Spec) -> Iterator[Problem]:
    """Biases stay as they are, patterns can be read, and the lists do not contradict."""
    lora = spec.training.lora
    if lora.bias != "none":
        text = f"bias {lora.bias!r} trains the base's own biases, which versions share in serving"
        yield Problem((*LORA, "bias"), text, "use bias: none, or method: full")
    for field in ("rank_pattern", "alpha_pattern"):
        for pattern in getattr(lora, field):
            try:
                re.compile(pattern)
            except re.error as error:
                at = (*LORA, field, pattern)
                text = f"{pattern!r} is no regular expression: {error}"
                yield Problem(at, text, "write the end of a layer's name", at_key=True)
    if isinstance(lora.target_modules, list):
        for index, name in enumerate(lora.exclude_modules):
            if name in lora.target_modules:
                text = f"{name!r} stands in target_modules as well"
                yield Problem((*LORA, "exclude_modules", index), text, "keep one of the two")


def validation_fits(spec: Spec) -> Iterator[Problem]:
    """``eval_strategy`` and ``eval_steps`` say one thing."""
    arguments, at = spec.training.arguments, (*ARGUMENTS, "eval_strategy")
    if arguments.eval_strategy == "steps" and arguments.eval_steps is None:
        yield Problem(at, "eval_strategy steps needs eval_steps", "add eval_steps: 50")
    if arguments.eval_strategy == "epoch" and arguments.eval_steps is not None:
        text = "eval_strategy is epoch, and eval_steps is given"
        yield Problem(at, text, "use eval_strategy: steps, or remove eval_steps")


def precision_fits(spec: Spec) -> Iterator[Problem]:
    """At most one of the two narrow formats is asked for."""
    arguments = spec.training.arguments
    if arguments.bf16 and arguments.fp16:
        yield Problem((*ARGUMENTS, "fp16"), "bf16 and fp16 are both true", "keep one of the two")
    if spec.training.method == "linear-probe":
        for name in ("bf16", "fp16", "activation_checkpointing"):
            if getattr(arguments, name):
                text = f"{name} is for training the base, and linear-probe leaves it as it is"
                yield Problem((*ARGUMENTS, name), text, "remove it", at_key=True)


def calibration_fits(spec: Spec) -> Iterator[Problem]:
    """Only the probabilities of labels are scaled."""
    if spec.training.calibration is not None and spec.task != "text-classification":
        text = f"calibration scales the probabilities of labels, and {spec.task} has none"
        yield Problem((*TRAINING, "calibration"), text, "remove it", at_key=True)
