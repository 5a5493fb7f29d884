"""The closed set of things that are said about a model."""

from specs.conditions import NORMALLY_FALSE, ConditionStatus, ConditionType


def test_the_types_are_those_of_the_design():
    assert " ".join(ConditionType) == (
        "Ready Reconciling Stalled Suspended SourceVerified DataReady Trained Evaluated"
        " GatesPassed Promoted DataDriftDetected Diverged"
    )


def test_what_needs_a_look_when_it_is_true_is_named():
    assert sorted(NORMALLY_FALSE) == [
        "DataDriftDetected",
        "Diverged",
        "Reconciling",
        "Stalled",
        "Suspended",
    ]


def test_a_status_is_written_as_in_kubernetes():
    assert [str(status) for status in ConditionStatus] == ["True", "False", "Unknown"]
