"""A judge: another model, behind an OpenAI-compatible endpoint, that scores answers from 0 to 1.

A score is a number and nothing else, or JSON ``{"score": number}``; anything else is asked for
again, and then an error that names what was said: a score is never guessed. Scores are kept by all
that they depend on, so that to evaluate again, or to go on after a fault, asks nothing twice.
"""

import json
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import httpx

from controller.errors import EvaluationError, JudgeAbsentError
from specs.judge import Judge

PLACES = re.compile(r"\{\{ *(prompt|answer|wanted) *\}\}")
TOKENS = 512
"""The most that a judge may say."""
SHOWN = 120
LONGEST_PAUSE_SECONDS = 20.0
_AGAIN = frozenset({408, 409, 429, 500, 502, 503, 504})
_KEY_REFUSED = frozenset({401, 403})
_INSTRUCTION = "Answer with one number from 0 to 1 and nothing else."


@dataclass(frozen=True)
class Question:
    """One answer that is judged."""

    prompt: str
    answer: str
    wanted: str


PROBE = Question("What is two and two?", "Four.", "4")
"""Asked before anything else: the endpoint, the key, the model and the prompt all have to work."""


def check_prompt(content: bytes, path: str) -> str:
    """Read a judge's prompt.

    Raises:
        EvaluationError: It does not show the answer.
    """
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        raise EvaluationError(f"{path} is not UTF-8", reason="BadJudgePrompt") from error
    if "answer" not in PLACES.findall(text):
        raise EvaluationError(
            f"{path} does not show the judge the answer",
            reason="BadJudgePrompt",
            fix="write {{answer}} where the answer belongs, and {{prompt}} for what was asked",
        )
    return text


class Scores:
    """Scores that are kept in a file, by what they depend on."""

    def __init__(self, path: Path | None) -> None:
        """``path`` is made when the first score is kept; None: they end with this process."""
        self._path = path
        self._known: dict[str, float] = {}
        if path is not None and path.exists():
            for line in path.read_text().splitlines():
                self._take(line)

    def _take(self, line: str) -> None:
        try:
            key, kept = json.loads(line)
        except ValueError:
            return  # the process was killed while it wrote this line
        self._known[key] = kept

    def get(self, key: str) -> float | None:
        """The score that was given before."""
        return self._known.get(key)

    def keep(self, key: str, score: float) -> None:
        """Remember a score, in this process and for later ones."""
        self._known[key] = score
        if self._path is None:
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("a") as file:
            file.write(json.dumps([key, score]) + "\n")


class JudgeClient:
    """A judge that can be asked."""

    def __init__(
        self,
        judge: Judge,
        template: str,
        http: httpx.Client,
        *,
        scores: Scores,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        """``template`` is the content of ``judge.prompt``; ``pause`` waits between two tries."""
        self._judge = judge
        self._template = template
        self._http = http
        self._scores = scores
        self._pause = pause

    def probe(self) -> None:
        """Ask one question, whatever is remembered.

        Raises:
            JudgeAbsentError: Nobody answers.
            EvaluationError: The judge refuses, or says no score.
        """
        self._ask(PROBE)

    def score(self, questions: Sequence[Question], tell: Callable[[int, int], None]) -> list[float]:
        """Score every answer, in the order of ``questions``; what is known is not asked again.

        Raises:
            JudgeAbsentError: Nobody answers. What was scored so far is kept.
            EvaluationError: The judge refuses, or says no score.
        """
        keys = [self._key(question) for question in questions]
        new = {
            key: question
            for key, question in zip(keys, questions, strict=True)
            if self._scores.get(key) is None
        }
        with ThreadPoolExecutor(self._judge.parallel) as pool:
            # In their order, so that the first fault ends it; the scores before it are kept.
            found = pool.map(self._ask, new.values())
            try:
                for done, (key, score) in enumerate(zip(new, found, strict=True), start=1):
                    self._scores.keep(key, score)
                    tell(done, len(new))
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise
        return [given for key in keys if (given := self._scores.get(key)) is not None]

    def _key(self, question: Question) -> str:
        facts = [self._judge.url, self._judge.model, self._filled(question)]
        return sha256(json.dumps(facts).encode()).hexdigest()

    def _filled(self, question: Question) -> str:
        # All at once: an answer that says {{wanted}} is not shown what was wanted.
        return PLACES.sub(lambda place: getattr(question, place[1]), self._template)

    def _ask(self, question: Question) -> float:
        messages = [{"role": "user", "content": self._filled(question)}]
        said = ""
        for attempt in range(self._judge.retries + 1):
            said = self._say(messages)
            found = score_in(said)
            if found is not None:
                return found
            if attempt == 0:
                messages += [
                    {"role": "assistant", "content": said},
                    {"role": "user", "content": _INSTRUCTION},
                ]
        raise EvaluationError(
            f"the judge {self._judge.model} gave no score from 0 to 1 but {said[:SHOWN]!r}",
            reason="JudgeUnclear",
            fix=f"let {self._judge.prompt} ask for one number from 0 to 1 and nothing else",
        )

    def _say(self, messages: Sequence[Mapping[str, str]]) -> str:
        body = {"model": self._judge.model, "messages": messages, "temperature": 0}
        problem = ""
        for attempt in range(self._judge.retries + 1):
            if attempt:
                self._pause(min(LONGEST_PAUSE_SECONDS, 2.0 ** (attempt - 1)))
            try:
                found = self._http.post(
                    f"{self._judge.url}/chat/completions", json={**body, "max_tokens": TOKENS}
                )
            except httpx.TransportError as error:
                problem = str(error) or type(error).__name__
                continue
            if found.status_code not in _AGAIN:
                return self._content_of(found)
            problem = f"HTTP {found.status_code}"
        raise JudgeAbsentError(
            f"the judge at {self._judge.url} does not answer: {problem}",
            fix="start it, or mend evaluation.judge; scores so far are kept",
        )

    def _content_of(self, found: httpx.Response) -> str:
        if found.status_code != httpx.codes.OK:
            is_key = found.status_code in _KEY_REFUSED
            raise EvaluationError(
                f"the judge at {self._judge.url} refuses {self._judge.model}: HTTP "
                f"{found.status_code} {found.text[:SHOWN]}",
                reason="JudgeRefuses",
                fix="set the key that evaluation.judge.api_key_env names"
                if is_key
                else "mend evaluation.judge: url and model",
            )
        try:
            content = found.json()["choices"][0]["message"]["content"]
        except (ValueError, LookupError, TypeError):
            content = None
        if not isinstance(content, str):
            raise EvaluationError(
                f"{self._judge.url} is no OpenAI-compatible endpoint: it says "
                f"{found.text[:SHOWN]!r}",
                reason="JudgeRefuses",
                fix="name the address that ends before /chat/completions, often in /v1",
            )
        return content


def score_in(said: str) -> float | None:
    """The score in a judge's words: they must be a number, or JSON with one, and nothing more."""
    try:
        found = json.loads(said)
    except (ValueError, RecursionError):
        return None
    if isinstance(found, dict):
        found = found.get("score")
    is_number = isinstance(found, int | float) and not isinstance(found, bool)
    return float(found) if is_number and 0 <= found <= 1 else None


@contextmanager
def open_judge(
    judge: Judge, prompt: Path, *, scores: Path | None, environment: Mapping[str, str]
) -> Iterator[JudgeClient]:
    """Open the declared judge.

    Args:
        judge: What is declared.
        prompt: The file that ``judge.prompt`` names, on this machine.
        scores: The file that keeps scores; None: they are not kept.
        environment: Holds the key.

    Raises:
        EvaluationError: The key is not in the environment, or the prompt cannot be used.
    """
    template = check_prompt(prompt.read_bytes(), judge.prompt)
    headers = {}
    if judge.api_key_env is not None:
        key = environment.get(judge.api_key_env)
        if not key:
            raise EvaluationError(
                f"evaluation.judge reads its key from {judge.api_key_env}, which is not set",
                reason="JudgeKeyAbsent",
                fix=f"set {judge.api_key_env} where the controller runs, and start it again",
            )
        headers["Authorization"] = f"Bearer {key}"
    with httpx.Client(headers=headers, timeout=judge.timeout_seconds) as http:
        yield JudgeClient(judge, template, http, scores=Scores(scores))
