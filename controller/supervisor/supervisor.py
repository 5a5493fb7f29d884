"""Keep the parts running: the registry first, then the others; start again what dies; stop all.

One thread, one loop, a look at every part a few times a second. The parts' logs are files, so that
neither a slow terminal nor a killed supervisor can hold a part up.
"""

import signal
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty, SimpleQueue
from types import FrameType

from controller.supervisor.backoff import Backoff
from controller.supervisor.child import Child
from controller.supervisor.parts import Part, check_ports
from controller.supervisor.watch import is_important, why_not_ready

LOOK_SECONDS = 0.2
GRACE_SECONDS = 20.0
"""How long a part may take to finish what it is doing; the gateway answers what it accepted."""
EXPLAIN_AFTER_SECONDS = 15.0
STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


@dataclass
class _Watched:
    child: Child
    backoff: Backoff = field(default_factory=Backoff)
    is_ready: bool = False
    explained: set[str] = field(default_factory=set)


class Supervisor:
    """Runs the parts until it is told to stop."""

    def __init__(
        self,
        parts: Sequence[Part],
        *,
        logs: Path,
        environment: Mapping[str, str],
        show: Callable[[str], None],
        grace_seconds: float = GRACE_SECONDS,
    ) -> None:
        """``logs``: folder for the parts' logs; ``show`` gets lines for the terminal."""
        self._parts = parts
        self._logs = logs
        self._environment = environment
        self._show = show
        self._grace_seconds = grace_seconds
        # Not an Event: a signal that comes while its lock is held would wait for itself.
        self._signals: SimpleQueue[int] = SimpleQueue()
        self._is_announced = False

    def run(self) -> None:
        """Start the parts and keep them running until SIGTERM, SIGINT or SIGHUP; then stop them.

        Raises:
            PortTakenError: A part could not listen; nothing was started.
        """
        check_ports(self._parts)
        watched = [self._watch(part) for part in self._parts]
        with self._stopped_by_signals():
            try:
                while True:
                    self._look_at_all(watched)
                    if self._is_signalled(within=LOOK_SECONDS):
                        break
            finally:
                self._stop_all([one.child for one in watched])

    def _watch(self, part: Part) -> _Watched:
        log = self._logs / f"{part.name}.log"
        return _Watched(Child(part, log=log, environment=self._environment))

    def _look_at_all(self, watched: Sequence[_Watched]) -> None:
        first, *others = watched
        self._look_at(first)
        # The others read the tables that the first one's migrations make.
        for one in others:
            if first.is_ready or one.child.is_running:
                self._look_at(one)
        if not self._is_announced and all(one.is_ready for one in watched):
            self._is_announced = True
            self._announce()

    def _look_at(self, one: _Watched) -> None:
        now = time.monotonic()
        self._echo(one.child)
        if one.child.exit_code is not None:
            self._mourn(one, now)
        elif one.child.is_running:
            if not one.is_ready:
                self._ask(one, now)
        elif now >= one.backoff.start_at:
            one.child.start()
            one.backoff = one.backoff.started(now)

    def _mourn(self, one: _Watched, now: float) -> None:
        code, name = one.child.exit_code, one.child.part.name
        one.child.forget()
        one.is_ready = False
        one.backoff = one.backoff.died(now)
        self._show(
            f"{name} ended with {_how(code or 0)} ({one.child.last_line()}); "
            f"starting it again in {one.backoff.wait_seconds:.0f} s; log: {one.child.log}"
        )

    def _ask(self, one: _Watched, now: float) -> None:
        reason = why_not_ready(one.child.part)
        if reason is None:
            one.is_ready = True
            if one.backoff.deaths:
                self._show(f"{one.child.part.name} is back")
        elif now - one.backoff.started_at > EXPLAIN_AFTER_SECONDS and reason not in one.explained:
            one.explained.add(reason)
            self._show(f"still waiting for the {one.child.part.name}: {reason}")

    def _echo(self, child: Child) -> None:
        for line in child.new_lines():
            if is_important(line):
                self._show(f"{child.part.name}: {line}")

    def _announce(self) -> None:
        for part in self._parts:
            self._show(f"{part.serves + ':':20} {part.url}")
        self._show("ready; Ctrl-C stops everything")

    def _stop_all(self, children: Sequence[Child]) -> None:
        self._show("stopping")
        for child in children:
            child.ask_to_stop()
        # Another signal, later, means now: it ends the grace.
        deadline = time.monotonic() + self._grace_seconds
        while any(child.is_running for child in children) and time.monotonic() < deadline:
            if self._is_signalled(within=LOOK_SECONDS / 4):
                break
        for child in children:
            if child.is_running:
                self._show(f"{child.part.name} did not stop in time and is killed")
            child.kill()
        self._show("stopped")

    def _is_signalled(self, *, within: float) -> bool:
        """Whether a signal has come, or comes; all that have come count as one."""
        try:
            self._signals.get(timeout=within)
        except Empty:
            return False
        while not self._signals.empty():
            self._signals.get_nowait()
        return True

    @contextmanager
    def _stopped_by_signals(self) -> Iterator[None]:
        def stop(number: int, _frame: FrameType | None) -> None:
            self._signals.put(number)

        before = {number: signal.signal(number, stop) for number in STOP_SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def _how(code: int) -> str:
    if code < 0:
        return f"signal {signal.Signals(-code).name}"
    return f"exit code {code}"
