"""Quality and cost of every method at 1, 3, 5 and 10 epochs on banking77, drawn.

    python -m tests.benchmarks.bench_methods --results results.jsonl
    python -m tests.benchmarks.bench_methods --results results.jsonl --draw methods.svg

One training a point, one thread, one seed; intervals are those of 3,080 test rows (Wilson, 95 %).
All points take hours: what ``--results`` holds already is not measured again, so the command can be
stopped and started.
"""

import argparse
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.benchmarks.banking77 import measure, prepare, processor

EPOCHS = (1, 3, 5, 10)
METHODS: dict[str, dict[str, Any]] = {
    "lora": {"method": "lora"},
    "full": {"method": "full", "arguments": {"learning_rate": 1e-4}},
    "qlora": {"method": "qlora", "quantization": {"load_in_4bit": True}},
}
PROBE = "linear-probe"


def main() -> None:
    """Measure what is missing, print the table, and draw where that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data/banking77"))
    parser.add_argument("--results", type=Path, required=True, help="JSON lines, added to")
    parser.add_argument("--only", nargs="*", help="points such as lora-3; default: all")
    parser.add_argument("--draw", type=Path, help="SVG file; measure nothing")
    given = parser.parse_args()
    if given.draw is None:
        _measure_missing(given)
    points = _read(given.results)
    print(_table(points))
    if given.draw is not None:
        draw(points, given.draw)


def recipes() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every point's name and training section, the cheap ones first."""
    yield PROBE, {"method": PROBE}
    for epochs in EPOCHS:
        for name, recipe in METHODS.items():
            arguments = recipe.get("arguments", {}) | {"num_train_epochs": epochs}
            yield f"{name}-{epochs}", recipe | {"arguments": arguments}


def _measure_missing(given: argparse.Namespace) -> None:
    known = {point["name"] for point in _read(given.results)}
    wanted = [
        (name, recipe)
        for name, recipe in recipes()
        if name not in known and (not given.only or name in given.only)
    ]
    with tempfile.TemporaryDirectory() as root:
        prepared = prepare(given.data, Path(root) / "prepared")
        for name, recipe in wanted:
            measured = measure(Path(root) / name, recipe, prepared, given.data)
            point = {"name": name, "processor": processor()} | measured.as_json()
            with given.results.open("a") as file:
                file.write(json.dumps(point) + "\n")
            print(json.dumps(point), flush=True)


def _read(results: Path) -> list[dict[str, Any]]:
    if not results.exists():
        return []
    return [json.loads(line) for line in results.read_text().splitlines()]


def _table(points: list[dict[str, Any]]) -> str:
    lines = ["| method and epochs | accuracy | macro-F1 | CPU seconds | rows per CPU s | memory |"]
    lines.append("|---|---|---|---|---|---|")
    order = [name for name, _recipe in recipes()]
    for point in sorted(points, key=lambda point: order.index(point["name"])):
        speed = point["rows_per_cpu_second"]
        cells = [
            point["name"],
            *(_interval(point[metric]) for metric in ("accuracy", "f1_macro")),
            f"{point['cpu_seconds']:.0f}",
            "-" if speed is None else f"{speed:.0f}",
            f"{point['peak_memory_bytes'] / 1e9:.2f} GB",
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _interval(found: dict[str, float]) -> str:
    return f"{found['value']:.4f} [{found['low']:.3f}, {found['high']:.3f}]"


def draw(points: list[dict[str, Any]], file: Path) -> None:
    """One line a method: accuracy with its interval over CPU seconds, on a logarithmic axis."""
    import matplotlib as mpl

    mpl.use("svg")
    from matplotlib import pyplot

    mpl.rcParams |= {"svg.hashsalt": "trueup", "svg.fonttype": "none", "font.size": 10}
    figure, axes = pyplot.subplots(figsize=(7.2, 4.2), layout="constrained")
    for name in (PROBE, *METHODS):
        of_method = [point for point in points if point["name"].startswith(name)]
        if not of_method:
            continue
        of_method.sort(key=lambda point: point["cpu_seconds"])
        costs = [point["cpu_seconds"] for point in of_method]
        values = [point["accuracy"]["value"] for point in of_method]
        below = [point["accuracy"]["value"] - point["accuracy"]["low"] for point in of_method]
        above = [point["accuracy"]["high"] - point["accuracy"]["value"] for point in of_method]
        axes.errorbar(costs, values, [below, above], label=name, marker="o", capsize=3)
        for point, cost, value in zip(of_method, costs, values, strict=True):
            epochs = point["name"].rpartition("-")[2]
            if epochs.isdigit():
                axes.annotate(epochs, (cost, value), xytext=(5, 5), textcoords="offset points")
    axes.set_xscale("log")
    axes.set_xlabel("CPU seconds of the whole job, one thread")
    axes.set_ylabel("accuracy on 3,080 test rows, 95 % interval")
    axes.set_title("banking77 with MiniLM; numbers are epochs", loc="left")
    axes.grid(visible=True, alpha=0.3)
    axes.legend(loc="lower right")
    file.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(file, metadata={"Date": None})


if __name__ == "__main__":
    main()
