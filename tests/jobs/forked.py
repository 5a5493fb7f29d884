"""Training jobs without the seconds of importing torch: ``python tests/jobs/forked.py``.

Reads folders, one a line; forks a child that runs the job as ``python -m controller.training``
would; says its pid, and how it ended. Tests that start a job many times use it.
"""

import os
import sys
from importlib import import_module

from controller.torch_process import SLOW_AND_UNUSED, settle

settle(1, hidden=(*SLOW_AND_UNUSED, "bitsandbytes"))
for module in ("runner", "tasks.causal_lm", "tasks.text_classification", "__main__"):
    import_module(f"controller.training.{module}")

for line in sys.stdin:
    folder = line.strip()
    pid = os.fork()
    if pid == 0:
        sys.argv = ["controller.training", folder]
        sys.orig_argv = [sys.executable, "-m", *sys.argv]
        log = os.open(f"{folder}/log.txt", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        for stream in (1, 2):
            os.dup2(log, stream)
        os.setsid()
        import_module("controller.training.__main__").main()
    print(pid, flush=True)
    print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)
