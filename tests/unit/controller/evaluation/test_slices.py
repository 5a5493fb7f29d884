"""Slices: each value measured on its own rows."""

from dataclasses import replace

from controller.evaluation.slices import MAX_VALUES, measure_slices, values_left_out
from tests.unit.controller.evaluation.builders import drawn_rows


def test_every_value_of_every_family_is_measured_on_its_own_rows():
    rows = drawn_rows(100, labels=3, accuracy=0.5, seed=1)
    right = tuple("yes" if value else "no" for value in rows.scores["correct"])
    rows = replace(rows, slices={"right": right, "all": ("x",) * 100})

    measured = measure_slices(["accuracy", "f1_macro"], rows)

    assert set(measured) == {"right=yes", "right=no", "all=x"}
    assert measured["right=yes"]["accuracy"].value == 1
    assert measured["right=no"]["accuracy"].value == 0
    assert measured["right=yes"]["accuracy"].n + measured["right=no"]["accuracy"].n == 100


def test_a_column_of_ids_is_cut_to_its_most_frequent_values():
    values = ("often",) * 50 + tuple(f"id {index:04}" for index in range(250))
    rows = replace(drawn_rows(300, labels=3, accuracy=0.9, seed=1), slices={"id": values})

    measured = measure_slices(["accuracy"], rows)

    assert len(measured) == MAX_VALUES
    assert "id=often" in measured
    assert values_left_out(rows) == {"id": 251 - MAX_VALUES}
