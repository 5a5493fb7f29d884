"""Jobs without the seconds of importing torch: ``python tests/jobs/forked.py [HIDDEN ...]``.

Reads one JSON line for each process to start (module, folder, environment), forks a child that runs
``python -m MODULE FOLDER``, says its pid, and later how it ended. HIDDEN: libraries that the jobs
hide from transformers, as in ``settle``. Its client: ``tests/jobs/forking.py``.
"""

import json
import os
import select
import signal
import sys
from importlib import import_module
from typing import NoReturn

from controller.torch_process import SLOW_AND_UNUSED, settle

settle(1, hidden=(*SLOW_AND_UNUSED, *sys.argv[1:]))
for module in ("runner", "tasks.causal_lm", "tasks.text_classification", "__main__"):
    import_module(f"controller.training.{module}")


def become(module: str, folder: str, environment: dict[str, str]) -> NoReturn:
    """Run the job in this process, as if it were the only thing it ever did."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.environ |= environment
    sys.argv = [module, folder]
    sys.orig_argv = [sys.executable, "-m", module.removesuffix(".__main__"), folder]
    log = os.open(f"{folder}/log.txt", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    for stream in (1, 2):
        os.dup2(log, stream)
    os.setsid()
    import_module(module).main()
    sys.exit(0)


def say(**line: int) -> None:
    print(json.dumps(line), flush=True)


def tell_ends() -> None:
    try:
        while (ended := os.waitpid(-1, os.WNOHANG))[0]:
            say(ended=ended[0], code=os.waitstatus_to_exitcode(ended[1]))
    except ChildProcessError:
        pass


woken, wake = os.pipe()
os.set_blocking(wake, False)
signal.set_wakeup_fd(wake)
signal.signal(signal.SIGCHLD, lambda *_: None)
asked = b""
while True:
    ready, _, _ = select.select([0, woken], [], [])
    if woken in ready:
        os.read(woken, 4096)
        tell_ends()
    if 0 in ready:
        if not (more := os.read(0, 65536)):
            break
        *lines, asked = (asked + more).split(b"\n")
        for line in map(json.loads, lines):
            pid = os.fork()
            if pid == 0:
                become(**line)
            say(started=pid)
