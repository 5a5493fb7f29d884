"""Bases are loaded one at a time, whoever asks: loading changes classes that all of them share."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedModel

from registry.serving.engine_bases import BasePool
from registry.serving.generator import GeneratorPool

pytestmark = pytest.mark.torch


class Counted(torch.nn.Module):
    config = None


def test_two_pools_never_load_at_the_same_time(tmp_path):
    lock, at_work, most = threading.Lock(), 0, 0

    def build(_folder, *, quantization):
        nonlocal at_work, most
        with lock:
            at_work += 1
            most = max(most, at_work)
        time.sleep(0.05)
        with lock:
            at_work -= 1
        return Counted()

    pools = [BasePool(build) for _ in range(4)]
    with ThreadPoolExecutor(8) as threads:
        loads = [threads.submit(pool.full, tmp_path) for pool in pools]
        loads += [threads.submit(pool.adapted, tmp_path, None) for pool in pools]
        for load in loads:
            load.result()

    assert most == 1


def test_tied_weights_stay_tied_however_many_are_loaded_at_once(tmp_path):
    torch.manual_seed(0)
    size = {"hidden_size": 16, "intermediate_size": 16, "vocab_size": 64}
    depth = {"num_hidden_layers": 1, "num_attention_heads": 2}
    made = LlamaForCausalLM(LlamaConfig(tie_word_embeddings=True, **size, **depth)).eval()
    made.save_pretrained(tmp_path)
    ids = torch.tensor([[1, 2, 3]])
    before = PreTrainedModel.tie_weights

    with ThreadPoolExecutor(4) as threads:
        views = list(threads.map(lambda _: GeneratorPool().full(tmp_path), range(16)))

    assert PreTrainedModel.tie_weights is before
    for view in views:
        with view.model() as model, torch.no_grad():
            assert torch.equal(model(input_ids=ids).logits, made(input_ids=ids).logits)
