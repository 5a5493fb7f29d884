"""The declared judge at work: asked whether it is there, and then about every test row's answer."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from controller.evaluation.judge import Question, open_judge
from controller.evaluation.own_files import OwnFiles
from controller.evaluation.predictors import JudgedRow, PreparedRow, Tell
from controller.evaluation.studies.harness import check_tasks
from specs.evaluation import Evaluation

SCORE = "judge_score"


def probe_told(job: Mapping[str, Any], folder: Path) -> None:
    """Probe the judge, and render the tasks, that a job was told of; files go below ``folder``.

    Raises:
        EvaluationError: The judge cannot be asked, or a task does not fit its rows.
        DataError: A file is not in the repository.
    """
    evaluation = Evaluation.model_validate(job.get("evaluation", {}))
    if evaluation.judge is not None or evaluation.lm_eval:
        own = OwnFiles.of(job.get("own_files")).fetch(folder / "own_files")
        check_tasks(evaluation, own)
        probe_judge(evaluation, own)


def probe_judge(evaluation: Evaluation, own: Mapping[str, Path]) -> None:
    """Ask the declared judge, if there is one, a question: it must be there before work is done.

    Raises:
        EvaluationError: It cannot be asked.
    """
    judge = evaluation.judge
    if judge is None:
        return
    with open_judge(judge, own[judge.prompt], scores=None, environment=os.environ) as asked:
        asked.probe()


def add_judge_scores(
    evaluation: Evaluation,
    own: Mapping[str, Path],
    rows: Sequence[tuple[PreparedRow, JudgedRow]],
    *,
    scores: Path,
    tell: Tell,
) -> None:
    """Give every row the score of its answer; nothing where no judge is declared.

    Args:
        evaluation: What is declared.
        own: The files that it names, on this machine.
        rows: Prepared rows with what was answered.
        scores: The file that keeps scores from one evaluation to the next.
        tell: Told how many questions were asked.

    Raises:
        EvaluationError: The judge cannot be asked, or gives no score.
    """
    judge = evaluation.judge
    if judge is None:
        return
    questions = [
        Question(prepared["prompt"], line["generated"], prepared["completion"])
        for prepared, line in rows
    ]
    with open_judge(judge, own[judge.prompt], scores=scores, environment=os.environ) as asked:
        found = asked.score(questions, tell)
    for (_, line), score in zip(rows, found, strict=True):
        line[SCORE] = score
