"""The data job: fetch, read, check, split, write. The main path, top to bottom."""

import shutil
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from controller.data.checks import CHECKS
from controller.data.findings import refuse_failures
from controller.data.inspection import Inspection
from controller.data.prepared import (
    REPORT,
    Prepared,
    is_complete,
    keep_report,
    read_report,
    write_prepared,
)
from controller.data.pull import Repository, fetch, md5_of
from controller.data.rows import Reading, Row
from controller.data.splits import split_rows
from controller.data.tables import empty_file, read_table
from controller.data.token_lengths import Reader
from controller.errors import DataError
from controller.job_protocol import JobFolder
from specs.data import Data, ValidationSplit


@dataclass(frozen=True)
class Base:
    """Whose tokens the rows are counted in."""

    model: str
    folder: Path
    max_length: int


@dataclass(frozen=True)
class DataJob:
    """``job.json`` of a data job."""

    task: str
    repository: Repository
    data: Data
    hashes: Mapping[str, str]
    """Data path → ``md5:<hex>``."""
    seed: int
    cache: Path
    prepared: Path
    fetched: Mapping[str, Path]
    """Data path → a file that is here already; used when it has the right hash."""
    base: Base | None
    """None where the job was not told of one: then tokens are not counted."""

    @classmethod
    def of(cls, job: Mapping[str, Any]) -> "DataJob":
        """Read the job's JSON."""
        repo, base = job["repo"], job.get("base")
        mirror = repo.get("mirror")
        return cls(
            task=job["task"],
            repository=Repository(repo["url"], Path(mirror) if mirror else None, repo["commit"]),
            data=Data.model_validate(job["data"]),
            hashes=job["hashes"],
            seed=job["seed"],
            cache=Path(job["cache"]),
            prepared=Path(job["prepared"]),
            fetched={path: Path(file) for path, file in (job.get("files") or {}).items()},
            base=base and Base(base["model"], Path(base["folder"]), job["max_length"]),
        )

    @property
    def files(self) -> dict[str, str]:
        """Split → path in the repository; ``validation`` only when it is a file."""
        data = self.data
        files = {"train": data.train, "test": data.test}
        if isinstance(data.validation, str):
            files["validation"] = data.validation
        return files


def prepare(folder: JobFolder) -> dict[str, Any]:
    """Run a data job; return its result.

    Raises:
        DataError: The data is absent, unreadable, or a check with action ``fail`` found something.
    """
    job = DataJob.of(folder.job)
    if not is_complete(job.prepared):
        contents = _pull(job, folder)
        rows = _read(job, contents, folder)
        read = {split: len(found) for split, found in rows.items()}
        inspection = _check(job, rows, folder)
        try:
            refuse_failures(inspection.findings, job.files)
            prepared = _prepared(job, inspection, read, _split(job, inspection))
        except DataError:
            # The rows are not used; what is wrong with them is what a person needs to see.
            refused = _prepared(job, inspection, read, inspection.rows)
            keep_report(refused, folder.output / REPORT)
            raise
        folder.progress("writing", 0, 1)
        write_prepared(prepared, job.prepared, writer=folder.path.name)
        folder.progress("writing", 1, 1)
    shutil.copyfile(job.prepared / REPORT, folder.output / REPORT)
    return _result(read_report(job.prepared))


def _pull(job: DataJob, folder: JobFolder) -> dict[str, Path]:
    """Have every file of the spec in the cache, by hash."""
    contents = {}
    for step, (split, path) in enumerate(job.files.items()):
        folder.progress("pulling", step, len(job.files), message=path)
        contents[split] = _content(job, path)
    folder.progress("pulling", len(job.files), len(job.files))
    return contents


def _content(job: DataJob, path: str) -> Path:
    wanted, here = job.hashes[path], job.fetched.get(path)
    if here is not None and md5_of(here) == wanted:
        return here
    return fetch(job.repository, path, wanted, cache=job.cache)


def _read(job: DataJob, contents: Mapping[str, Path], folder: JobFolder) -> dict[str, list[Row]]:
    reading = Reading.of(job.data, job.task)
    rows = {}
    for step, (split, path) in enumerate(job.files.items()):
        folder.progress("reading", step, len(job.files), message=path)
        rows[split] = reading.rows_of(read_table(contents[split], path, reading.needed), path)
        if not rows[split]:
            raise empty_file(path)
    folder.progress("reading", len(job.files), len(job.files))
    return rows


def _check(job: DataJob, rows: dict[str, list[Row]], folder: JobFolder) -> Inspection:
    reader, why_unread = _reader(job)
    inspection = Inspection(
        rows, job.data.checks, job.task, seed=job.seed, reader=reader, why_unread=why_unread
    )
    for step, (name, check) in enumerate(CHECKS.items()):
        folder.progress("checking", step, len(CHECKS), message=name)
        check(inspection)
    folder.progress("checking", len(CHECKS), len(CHECKS))
    for finding in inspection.findings:
        print(f"{job.files[finding.split]}: {finding.message}", flush=True)  # noqa: T201  (a job's log)
    return inspection


def _reader(job: DataJob) -> tuple[Reader | None, str]:
    """What counts the base's tokens; else why nothing does."""
    base = job.base
    if base is None:
        return None, "the base is not here"
    if not (base.folder / "tokenizer.json").is_file():
        return None, f"{base.model} has no tokenizer.json"
    try:
        from registry.serving.tokens import TextTokenizer  # noqa: PLC0415  (an extra)
    except ImportError:
        return None, "tokenizers is not installed (pip install 'trueup[data]')"
    return Reader(base.model, TextTokenizer(base.folder, max_length=None), base.max_length), ""


def _split(job: DataJob, inspection: Inspection) -> dict[str, list[Row]]:
    rows = dict(inspection.rows)
    validation = job.data.validation
    if isinstance(validation, ValidationSplit):
        rows["train"], rows["validation"] = split_rows(
            rows["train"],
            validation.share_of(len(rows["train"])),
            seed=job.seed,
            task=job.task,
        )
        _count_twins(inspection, rows["validation"])
    for split, kept in rows.items():
        if not kept:
            raise _nothing_left(job, split)
    return rows


def _prepared(
    job: DataJob,
    inspection: Inspection,
    read: Mapping[str, int],
    rows: Mapping[str, list[Row]],
) -> Prepared:
    return Prepared(
        task=job.task,
        rows=rows,
        near_leaks=inspection.near_leaks,
        findings=inspection.findings,
        quarantined=inspection.quarantined,
        read=read,
        facts=inspection.facts,
        checks=job.data.checks.model_dump(),
        files=job.files,
        find_personal=inspection.find_personal,
    )


def _count_twins(inspection: Inspection, validation: Sequence[Row]) -> None:
    """Say how many validation rows have a near twin among the rows that are trained on."""
    twins, held = inspection.train_twins, {row.number for row in validation}
    leaked = {row for row, other in twins.items() if row in held and other not in held}
    leaked |= {other for row, other in twins.items() if other in held and row not in held}
    inspection.measured("near_leakage", {"validation": len(leaked), "validation_rows": len(held)})


def _nothing_left(job: DataJob, split: str) -> DataError:
    path = job.files.get(split, job.data.train)
    problem = f"{path}: no {split} rows are left after the checks and the split"
    return DataError(problem, reason="DataEmpty", fix="add rows, or see the data report")


def _result(report: Mapping[str, Any]) -> dict[str, Any]:
    summary: Counter[str] = Counter()
    for finding in report["findings"]:
        summary[finding["check"]] += finding["count"]
    return {
        "rows": report["rows"],
        "labels": len(report["rows_per_label"]),
        "summary": dict(summary),
        "messages": [f"{found['split']}: {found['message']}" for found in report["findings"]],
    }
