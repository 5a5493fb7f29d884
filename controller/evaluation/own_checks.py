"""Whether a file that ``spec.evaluation`` names can be used: said before anything is trained."""

from collections.abc import Sequence

from controller.evaluation.answer_forms import schema_check
from controller.evaluation.judge import check_prompt
from controller.evaluation.own_tables import check_table
from controller.evaluation.studies.harness.tasks import read_rows, read_task


def check_own(content: bytes, path: str, field: Sequence[str]) -> None:
    """Read a file only to say what is wrong with it.

    Args:
        content: The file.
        path: Its name in the repository.
        field: Where below ``evaluation`` it is named.

    Raises:
        DataError: A table cannot be read; names line and column.
        EvaluationError: Something else cannot be used.
    """
    match field[0]:
        case "json_schema":
            schema_check(content, path=path)
        case "judge":
            check_prompt(content, path)
        case "lm_eval" if field[-1] == "config":
            read_task(content, path)
        case "lm_eval":
            read_rows(content, path)
        case _:
            check_table(content, path, field)
