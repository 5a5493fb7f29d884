"""Tasks in the format of lm-evaluation-harness, read without running anything of them. Pure.

The harness's own loader runs Python that a task names (``!function``), fetches data, and renders
templates without a sandbox. So a task is read here: templates are rendered in Jinja's sandbox, and
the harness gets plain texts, choices and answers.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from jinja2 import StrictUndefined, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from controller.errors import EvaluationError
from specs.problems import suggest

Output = Literal["multiple_choice", "generate_until"]
NEEDED = ("output_type", "doc_to_text", "doc_to_target")
OPTIONAL = ("task", "metadata", "description", "doc_to_choice", "fewshot_delimiter", "until")
FROM_THE_SPEC = {
    "metric_list": "metrics",
    "num_fewshot": "num_fewshot",
    **dict.fromkeys(("dataset_path", "dataset_name", "dataset_kwargs", "test_split"), "data"),
}
"""Keys of the harness that the spec says instead → its field."""
_JINJA = ImmutableSandboxedEnvironment(undefined=StrictUndefined, keep_trailing_newline=True)


@dataclass(frozen=True)
class HarnessTask:
    """What is asked, and how."""

    path: str
    output: Output
    text: str
    """Template of the question, or the name of a field."""
    target: str
    """Template of the answer, or the name of a field."""
    choices: str | tuple[str, ...] | None = None
    """Field that holds the choices, or the choices of every row."""
    description: str = ""
    delimiter: str = "\n\n"
    """Between the rows that are shown."""
    until: tuple[str, ...] = ()
    """Texts that end an answer."""


@dataclass(frozen=True)
class Document:
    """One question as the harness gets it."""

    text: str
    target: str | int
    """The answer, or the place of the right choice."""
    choices: tuple[str, ...]


def read_task(content: bytes, path: str) -> HarnessTask:
    """Read a task file.

    Raises:
        EvaluationError: It is none, or asks for what is not done; names the key.
    """
    found = _mapping(content, path)
    for key in found:
        if key in FROM_THE_SPEC:
            field = FROM_THE_SPEC[key]
            raise _bad(path, f"{key} is said by {field} of the spec", f"remove {key}")
        if key not in (*NEEDED, *OPTIONAL):
            raise _bad(path, f"{key!r} is not supported", suggest(str(key), (*NEEDED, *OPTIONAL)))
    for key in NEEDED:
        if not isinstance(found.get(key), str):
            raise _bad(path, f"{key} is missing, or no text", f"write {key}: ...")
    if found["output_type"] not in get_args(Output):
        known = " or ".join(get_args(Output))
        raise _bad(path, f"output_type {found['output_type']!r} is not supported", f"use {known}")
    choices = found.get("doc_to_choice")
    if (found["output_type"] == "multiple_choice") != (choices is not None):
        fix = "give doc_to_choice with output_type: multiple_choice, and only with it"
        raise _bad(path, "choices and kind of output do not fit together", fix)
    return HarnessTask(
        path=path,
        output=found["output_type"],
        text=found["doc_to_text"],
        target=found["doc_to_target"],
        choices=tuple(map(str, choices)) if isinstance(choices, list) else choices,
        description=str(found.get("description") or ""),
        delimiter=str(found.get("fewshot_delimiter", "\n\n")),
        until=tuple(map(str, found.get("until") or ())),
    )


def read_rows(content: bytes, path: str) -> list[dict[str, Any]]:
    """Read one JSON object a line.

    Raises:
        EvaluationError: A line is none; names it.
    """
    rows = []
    for number, line in enumerate(content.decode(errors="replace").splitlines(), start=1):
        try:
            row = json.loads(line) if line.strip() else None
        except ValueError as error:
            raise _bad(f"{path}:{number}", f"is no JSON: {error}", "mend the line") from error
        if row is not None and not isinstance(row, dict):
            raise _bad(f"{path}:{number}", "is no JSON object", "write {...} on each line")
        if row is not None:
            rows.append(row)
    return rows


def documents(
    task: HarnessTask, rows: Sequence[Mapping[str, Any]], *, shown: int
) -> list[Document]:
    """Render every question; the first ``shown`` rows stand before each, with their answers.

    Raises:
        EvaluationError: A template does not fit a row; names the row.
    """
    found = [_document(task, row, number) for number, row in enumerate(rows, start=1)]
    if len(found) <= shown:
        problem = f"has {len(found)} rows, of which {shown} are shown: none is left to ask"
        raise _bad(task.path, problem, "lower num_fewshot, or add rows")
    before = [f"{one.text} {_answer_of(one)}" for one in found[:shown]]
    start = "".join(f"{part}{task.delimiter}" for part in (task.description, *before) if part)
    return [Document(start + one.text, one.target, one.choices) for one in found[shown:]]


def _document(task: HarnessTask, row: Mapping[str, Any], number: int) -> Document:
    try:
        text, target = (str(_value(part, row)) for part in (task.text, task.target))
    except (TemplateError, ArithmeticError, TypeError, ValueError) as error:
        raise _bad(task.path, f"row {number} does not fit: {error}", "mend the template") from error
    if task.choices is None:
        return Document(text, target, ())
    listed = row.get(task.choices) if isinstance(task.choices, str) else task.choices
    if not isinstance(listed, list | tuple) or not listed:
        fix = "doc_to_choice is a list, or names a field with one"
        raise _bad(task.path, f"row {number} has no list of choices", fix)
    choices = tuple(map(str, listed))
    if target in choices:
        return Document(text, choices.index(target), choices)
    if target.isdigit() and int(target) < len(choices):
        return Document(text, int(target), choices)
    problem = f"the answer {target!r} of row {number} is none of its choices"
    raise _bad(task.path, problem, "doc_to_target is a choice, or its place from 0")


def _value(part: str, row: Mapping[str, Any]) -> Any:
    return row[part] if part in row else _JINJA.from_string(part).render(**row)


def _answer_of(document: Document) -> str:
    target = document.target
    return document.choices[target] if isinstance(target, int) else target


def _mapping(content: bytes, path: str) -> dict[str, Any]:
    try:
        found = YAML(typ="safe", pure=True).load(content)
    except YAMLError as error:
        # `!function` ends here: a tag that is not known is no text, list or number.
        said = " ".join(str(error).split())[:160]
        raise _bad(path, f"cannot be read: {said}", "write YAML without tags") from error
    if not isinstance(found, dict):
        raise _bad(path, "is no task: it must be a mapping", "write output_type: ...")
    return found


def _bad(path: str, problem: str, fix: str) -> EvaluationError:
    return EvaluationError(f"{path}: {problem}", reason="BadHarnessTask", fix=fix)
