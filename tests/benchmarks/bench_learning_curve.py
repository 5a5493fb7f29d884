"""Does the data report's learning curve say what twice the rows bring? Asked, then measured.

    python -m tests.benchmarks.bench_learning_curve

For each number of rows the curve is drawn from that many rows of banking77. Then a linear model on
TF-IDF is trained on as many, and on twice as many, and judged on 2,000 other rows.
"""

import csv
import random
from pathlib import Path

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.svm import LinearSVC

from controller.data.learning_curve import draw

TRAIN = Path(__file__).parents[3] / "shared" / "data" / "banking77" / "train.csv"
SIZES = (500, 1000, 2000, 4000)
DRAWS = 4
HELD_OUT = 2000

Rows = list[tuple[str, str]]


def main() -> None:
    """Print the interval and the truth of each trial, and how many intervals held it."""
    with TRAIN.open(newline="", encoding="utf-8") as file:
        rows = [(text, label) for text, label in csv.reader(file)][1:]
    held = 0
    for size in SIZES:
        for seed in range(DRAWS):
            order = random.Random(seed).sample(rows, len(rows))
            texts, labels = zip(*order[:size], strict=True)
            curve = draw(texts, [(label,) for label in labels], seed=seed)
            assert curve is not None
            once, twice = (error(order[:n], order[-HELD_OUT:]) for n in (size, 2 * size))
            is_held = curve.doubled.low <= once - twice <= curve.doubled.high
            held += is_held
            print(
                f"{size:5} rows, draw {seed}: {once - twice:.3f} came, "
                f"{curve.doubled.low:.3f} to {curve.doubled.high:.3f} was said",
                "" if is_held else "(not held)",
                flush=True,
            )
    print(f"held in {held} of {len(SIZES) * DRAWS} trials")


def error(train: Rows, held_out: Rows) -> float:
    """Share of the held-out rows that a linear model answers wrongly."""
    features = TfidfVectorizer(sublinear_tf=True, ngram_range=(1, 2), min_df=2)
    model = LinearSVC(tol=0.01)
    model.fit(features.fit_transform([text for text, _ in train]), [label for _, label in train])
    said = model.predict(features.transform([text for text, _ in held_out]))
    return float(np.mean(said != np.array([label for _, label in held_out])))


if __name__ == "__main__":
    main()
