"""``python -m controller.supervisor.tether PARENT COMMAND...``: run COMMAND, but never orphaned.

A supervisor that is killed cannot stop its children any more, so the kernel is asked to: the
process gets SIGTERM when its parent is gone. Then it becomes COMMAND. Linux only; elsewhere it is
COMMAND and nothing more.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main() -> None:
    """Ask for the signal, look whether the parent is still there, and become the command."""
    parent, command = int(sys.argv[1]), sys.argv[2:]
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    # The parent may have died before the kernel was asked; then nobody will send anything.
    if os.getppid() != parent:
        sys.exit(1)
    os.execvp(command[0], command)  # noqa: S606  (the supervisor's own argument list)


if __name__ == "__main__":
    main()
