"""``python -m controller.executors.torchrun MODULE FOLDER``: the job as N processes here.

Holds the folder, and becomes PyTorch's own launcher.
"""

import json
import os
import sys
from pathlib import Path

from controller.executors.launching import hold

SECONDS_TO_SAVE = 120
"""What the processes get to end their step and save it, before they are killed."""
SECONDS_BETWEEN_LOOKS = 0.2


def command(module: str, folder: Path, processes: int) -> list[str]:
    """The launcher's command line."""
    return [
        sys.executable,
        *("-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(processes)),
        *("--max-restarts", "0"),  # a lost process is the controller's to count, and to resume
        *("--monitor-interval", str(SECONDS_BETWEEN_LOOKS)),
        *("--shutdown-timeout", str(SECONDS_TO_SAVE)),
        *("-m", module, str(folder)),
    ]


def main() -> None:
    """Become the launcher."""
    module, folder = sys.argv[1], Path(sys.argv[2])
    hold(folder)
    if (folder / "result.json").exists():
        return
    processes = json.loads((folder / "job.json").read_text())["compute"]["processes"]
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # or torchrun warns; each process sets its own
    os.execv(sys.executable, command(module, folder, processes))  # noqa: S606  (our own arguments)


if __name__ == "__main__":
    main()
