import subprocess
import sys

import pytest

from registry.serving.lazy_engine import torch_threads

EDGE = ("registry.serving.gateway", "registry.serving.assembly", "registry.serving.__main__")


def test_the_gateway_imports_no_model_framework():
    code = f"import {', '.join(EDGE)}, sys; print([m for m in sys.modules if m in {{'torch', "
    code += "'transformers', 'peft', 'numpy'}])"

    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert said.stdout.strip() == "[]"


@pytest.mark.parametrize(("cores", "threads"), [(1, 1), (2, 1), (4, 3), (64, 4)])
def test_one_core_is_left_to_http(cores, threads):
    assert torch_threads(cores) == threads
