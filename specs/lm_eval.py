"""``spec.evaluation.lm_eval``: one's own tasks for EleutherAI's lm-evaluation-harness."""

from typing import Literal

from pydantic import Field

from specs.paths import OwnRows, OwnYaml
from specs.section import Section

Quantity = Literal["acc", "acc_norm", "exact_match"]


class LmEvalTask(Section):
    """One task: a file in the harness's format, and the rows it is asked on."""

    config: OwnYaml = Field(examples=["evals/routing.yaml"])
    """File of the repository in the harness's task format: templates and kind of output. No code:
    ``!function`` and data from elsewhere are refused."""
    data: OwnRows = Field(examples=["evals/routing.jsonl"])
    """File of the repository with one JSON object a line: what the templates speak of."""
    metrics: list[Quantity] = Field(default=["acc"], min_length=1, examples=[["acc", "acc_norm"]])
    """What is measured, by the harness's names; each becomes ``lm_eval.TASK.METRIC``."""
    num_fewshot: int = Field(default=0, ge=0, examples=[3])
    """Rows of the data that are shown with their answers before each question; they are left out of
    the questions."""
