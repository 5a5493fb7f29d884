"""The command line loads specs before anything else: that must stay cheap."""

import subprocess
import sys

HEAVY = {"torch", "transformers", "numpy", "sqlalchemy", "fastapi", "httpx", "dvc", "rich"}
ASK = """
import sys, time
started = time.process_time()
import specs.loader
print(time.process_time() - started, *sys.modules)
"""


def test_importing_the_loader_is_cheap_and_loads_nothing_heavy():
    ran = subprocess.run([sys.executable, "-c", ASK], capture_output=True, text=True, check=True)

    seconds, *modules = ran.stdout.split()

    assert HEAVY.isdisjoint(modules)
    assert float(seconds) < 1.0, (
        "measured at 0.25 s of CPU; a slow machine may take a few times that"
    )
