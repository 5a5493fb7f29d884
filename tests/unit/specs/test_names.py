"""Names in the one form that every record uses."""

from datetime import timedelta

from specs.errors import Place, SpecError
from specs.model import ModelSpec
from specs.monitoring import FalseAlarms
from specs.names import commit_of, revision


def test_a_revision_names_branch_and_commit():
    name = revision("main", "a" * 40)

    assert name == f"main@sha1:{'a' * 40}"
    assert commit_of(name) == "a" * 40


def test_a_branch_may_have_an_at_sign():
    assert commit_of(revision("feature@sha1", "b" * 40)) == "b" * 40


def test_a_place_is_written_so_that_editors_find_it():
    assert str(Place("a.yaml", 3, 5, "spec")) == "a.yaml:3:5"
    assert str(Place("a.yaml", 3)) == "a.yaml:3"
    assert str(Place("a.yaml")) == "a.yaml"


def test_an_error_says_place_field_problem_and_fix():
    place = Place("a.yaml", 3, 5, "spec.seed")

    assert str(SpecError(place, "is wrong", fix="right it")) == (
        "a.yaml:3:5: spec.seed: is wrong (right it)"
    )
    assert str(SpecError(Place("a.yaml"), "is wrong")) == "a.yaml: is wrong"


def test_a_period_is_a_length_of_time():
    assert FalseAlarms(per="12h").period == timedelta(hours=12)
    assert FalseAlarms(per="2w").period == timedelta(weeks=2)


def test_metrics_come_in_a_fixed_order_with_the_derived_ones(spec_of):
    chosen = spec_of(("[accuracy, f1_macro, loss]", "[loss, f1_macro, accuracy]")).metrics

    assert chosen == ("accuracy", "f1_macro", "loss", "overfit_gap")


def test_a_stored_spec_reads_back_as_itself(spec_of):
    spec = ModelSpec.model_validate(
        {
            "apiVersion": "trueup/v1",
            "kind": "Model",
            "metadata": {"name": "a"},
            "spec": spec_of().model_dump(),
        }
    )

    assert ModelSpec.model_validate(spec.model_dump(mode="json")) == spec
    assert spec.name == "a"
