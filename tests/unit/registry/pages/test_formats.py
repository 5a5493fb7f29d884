import math
from datetime import timedelta

import pytest

from registry.pages import formats
from tests.contract.rows import NOW


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "just now"),
        (-5, "just now"),
        (41, "41 s ago"),
        (600, "10 min ago"),
        (7200, "2 h ago"),
        (864_000, "10 d ago"),
    ],
)
def test_moments_are_told_in_one_unit(seconds, said):
    assert formats.ago(NOW - timedelta(seconds=seconds), NOW) == said


@pytest.mark.parametrize(
    ("value", "said"),
    [(0.91234, "0.912"), (12345.6, "12,346"), (None, formats.DASH), (math.nan, formats.DASH)],
)
def test_numbers_have_the_digits_that_matter(value, said):
    assert formats.number(value) == said


def test_revisions_and_digests_are_cut_to_what_tells_them_apart():
    commit = "0123456789" * 4

    assert formats.short_revision(f"main@sha1:{commit}") == "main@0123456"
    assert formats.short_revision(None) == formats.DASH
    assert formats.short_digest("sha256:" + "ab" * 32) == "ababababab"
    assert formats.told(f"read at main@sha1:{commit}.") == "read at main@0123456."


def test_metric_names_become_headings():
    assert formats.words("f1_macro") == "F1 macro"
    assert formats.words("robustness.typos") == "Robustness: typos"
