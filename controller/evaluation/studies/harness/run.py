"""A version as a model of lm-evaluation-harness. Imports the harness, which is an extra."""

import logging
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from datasets import Dataset
from lm_eval import simple_evaluate
from lm_eval.api.instance import Instance
from lm_eval.api.model import LM
from lm_eval.api.task import ConfigurableTask

from controller.evaluation.predictors import Writes
from controller.evaluation.studies.harness.tasks import Document, HarnessTask
from specs.lm_eval import Quantity

MAX_NEW_TOKENS = 256


class VersionModel(LM):  # type: ignore[misc]  # the harness is an extra, and untyped here
    """Answers the harness as the version answers live traffic: with its own form of prompts."""

    def __init__(self, version: Writes) -> None:
        super().__init__()
        self._version = version

    def loglikelihood(self, requests: list[Instance]) -> list[tuple[float, bool]]:
        """Log-probability of each continuation, and whether greedy writing would give it."""
        asked = [request.args for request in requests]
        return self._version.likelihoods_of([a for a, _ in asked], [b for _, b in asked])

    def loglikelihood_rolling(self, requests: list[Instance]) -> list[float]:
        """Not asked for by the kinds of output that are supported."""
        raise NotImplementedError

    def generate_until(self, requests: list[Instance]) -> list[str]:
        """Write an answer to each prompt; it ends where one of ``until`` begins."""
        prompts = [request.args[0] for request in requests]
        answers = self._version.write(prompts, max_new_tokens=MAX_NEW_TOKENS)
        return [
            _until(answer, request.args[1].get("until", ()))
            for answer, request in zip(answers, requests, strict=True)
        ]


def run_task(
    name: str,
    task: HarnessTask,
    found: Sequence[Document],
    *,
    version: Writes,
    quantities: Sequence[Quantity],
) -> list[dict[str, Any]]:
    """Ask every question of a task; return one sample for each, with each of ``quantities``."""
    logging.getLogger("lm_eval").setLevel(logging.ERROR)
    rows = Dataset.from_list([asdict(one) for one in found])
    config: dict[str, Any] = {
        "task": name,
        "custom_dataset": lambda **_options: {"test": rows},
        "test_split": "test",
        "output_type": task.output,
        "doc_to_text": "text",
        "doc_to_target": "target",
        "num_fewshot": 0,
        "metric_list": [
            {"metric": one, "aggregation": "mean", "higher_is_better": True} for one in quantities
        ],
        # How a prompt ends is the version's own.
        "target_delimiter": "",
    }
    if task.output == "multiple_choice":
        config["doc_to_choice"] = "choices"
    else:
        config["generation_kwargs"] = {"until": list(task.until), "do_sample": False}
    done = simple_evaluate(
        model=VersionModel(version),
        tasks=[ConfigurableTask(config=config)],
        log_samples=True,
        bootstrap_iters=0,
    )
    samples: list[dict[str, Any]] = done["samples"][name]
    return sorted(samples, key=lambda sample: sample["doc_id"])


def _until(answer: str, ends: Sequence[str]) -> str:
    places = [answer.find(end) for end in ends if end and end in answer]
    return answer[: min(places)] if places else answer
