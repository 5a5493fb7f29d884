"""Shifts between splits: told when they are certain and large."""

from collections import Counter

import numpy as np
import pytest

from controller.data.shifts import OTHERS, find_shifts


def mixed(shares, rows, seed):
    drawn = np.random.default_rng(seed).multinomial(rows, shares)
    return Counter({f"v{at}": int(count) for at, count in enumerate(drawn)})


def test_two_draws_of_one_mix_are_hardly_ever_told():
    shares = np.full(20, 1 / 20)
    tables = [
        (f"f{seed}", "test", mixed(shares, 2000, seed), mixed(shares, 500, 1000 + seed))
        for seed in range(100)
    ]

    assert sum(one.is_told for one in find_shifts(tables)) <= 2


@pytest.mark.parametrize("held_out", [100, 3000])
def test_another_mix_is_told_whatever_the_sizes(held_out):
    train, test = mixed([0.5, 0.5], 3000, 1), mixed([0.8, 0.2], held_out, 2)

    [found] = find_shifts([("channel", "test", train, test)])

    assert found.is_told
    assert found.distance == pytest.approx(0.3, abs=0.08)
    assert {value.value: value.residual > 0 for value in found.values} == {"v0": True, "v1": False}


def test_a_difference_that_is_certain_and_small_is_not_told():
    train, test = Counter(a=50_000, b=50_000), Counter(a=51_500, b=48_500)

    [found] = find_shifts([("channel", "test", train, test)])

    assert found.adjusted_p < 1e-9
    assert not found.is_told


def test_values_too_rare_for_the_test_are_counted_together():
    train = Counter({"a": 500, "b": 500} | {f"rare{n}": 1 for n in range(40)})

    [found] = find_shifts([("label", "test", train, Counter(a=50, b=50, new=1))])

    others = next(one for one in found.values if one.value == OTHERS)
    assert (found.pooled, others.train, others.held_out) == (41, 40, 1)


def test_a_single_value_is_no_mix():
    assert find_shifts([("label", "test", Counter(a=9), Counter(a=5))]) == []
