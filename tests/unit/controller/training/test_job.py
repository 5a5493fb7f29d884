import pytest

from controller.errors import TrainingError
from controller.training.job import read_job


def job(**training):
    base = {"model": "org/base", "revision": "sha256:0", "folder": "/bases/base"}
    found = {"task": "text-classification", "model": "support", "training": training}
    return found | {"base": base, "prepared": "/prepared"}


def test_a_job_is_read_with_its_declared_threads():
    read = read_job(job(method="full") | {"threads": 3}, threads=1)

    assert (read.training.method, read.threads, read.base.model) == ("full", 3, "org/base")


def test_a_job_without_threads_takes_what_the_machine_allows():
    assert read_job(job(method="lora"), threads=2).threads == 2


def test_a_search_is_the_controllers_and_no_trainer_ignores_one():
    with pytest.raises(TrainingError) as raised:
        read_job(job(search={"trials": 3}), threads=1)

    assert "training.search" in str(raised.value)
    assert raised.value.reason == "NotSupported"
    assert raised.value.fix
