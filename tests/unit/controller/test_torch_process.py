import os

import pytest

from controller.torch_process import usable_threads


@pytest.mark.parametrize(
    ("quota", "threads"),
    [("100000 100000", 1), ("150000 100000", 1), ("50000 100000", 1)],
    ids=["one core", "one and a half cores", "half a core"],
)
def test_the_cgroup_quota_bounds_the_threads(tmp_path, quota, threads):
    file = tmp_path / "cpu.max"
    file.write_text(quota)

    assert usable_threads(file) == threads


@pytest.mark.parametrize("content", ["max 100000", "", None], ids=["no quota", "empty", "no file"])
def test_without_a_quota_the_cores_of_this_process_count(tmp_path, content):
    file = tmp_path / "cpu.max"
    if content is not None:
        file.write_text(content)

    assert usable_threads(file) == len(os.sched_getaffinity(0))


@pytest.mark.parametrize(("quota", "threads"), [("100000", 1), ("-1", None), ("x", None)])
def test_the_quota_of_the_first_cgroup_version_counts_where_there_is_no_second(
    tmp_path, quota, threads
):
    (tmp_path / "cpu.cfs_quota_us").write_text(f"{quota}\n")
    (tmp_path / "cpu.cfs_period_us").write_text("100000\n")

    expected = threads or len(os.sched_getaffinity(0))
    assert usable_threads(tmp_path / "absent", tmp_path) == expected
