"""Run a supervisor over parts of the tests' own: supervised.py LOGS GRACE NAME:PORT[:MANNER]..."""

import os
import sys
from pathlib import Path

from controller.supervisor.parts import Part
from controller.supervisor.supervisor import Supervisor


def part(text):
    name, port, *manners = text.split(":")
    script = str(Path(__file__).with_name("supervised_part.py"))
    command = (sys.executable, script, port, *manners)
    return Part(name, command, "127.0.0.1", int(port), f"{name}_port", serves=name)


logs, grace, *parts = sys.argv[1:]
Supervisor(
    [part(text) for text in parts],
    logs=Path(logs),
    environment=os.environ,
    show=lambda line: print(line, flush=True),
    grace_seconds=float(grace),
).run()
