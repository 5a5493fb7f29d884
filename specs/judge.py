"""``spec.evaluation.judge``: another model that says how good each answer is."""

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from specs.paths import OwnText
from specs.section import Section


def _endpoint(url: str) -> str:
    parts = urlsplit(url)
    problem, fix = None, "write it like http://localhost:8000/v1"
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        problem = "is no address of an API"
    elif parts.username or parts.password or parts.query or parts.fragment:
        problem = "says more than an address; a spec holds no secrets"
        fix = "name the variable that holds the key in api_key_env"
    if problem is not None:
        facts = {"problem": f"{url!r} {problem}", "fix": fix}
        raise PydanticCustomError("url", "{problem}", facts)
    return url.rstrip("/")


class Judge(Section):
    """An OpenAI-compatible endpoint that gives each answer a score from 0 to 1."""

    url: Annotated[str, AfterValidator(_endpoint)] = Field(examples=["http://localhost:8000/v1"])
    """Where ``/chat/completions`` is, up to ``/v1``."""
    model: str = Field(min_length=1, examples=["qwen3-8b"])
    """The model that is asked, by the endpoint's name for it."""
    prompt: OwnText = Field(examples=["judges/helpful.md"])
    """File of the repository with what the judge is asked: ``{{prompt}}``, ``{{answer}}`` and
    ``{{wanted}}`` stand for the row's; it must ask for a number from 0 to 1 and nothing else."""
    api_key_env: str | None = Field(
        default=None, examples=["JUDGE_KEY"], pattern=r"^[A-Za-z_][A-Za-z0-9_]*$"
    )
    """Environment variable of the controller that holds the key; null: no key is sent."""
    timeout_seconds: float = Field(default=60, gt=0, examples=[120])
    """The longest that one question may take."""
    retries: int = Field(default=3, ge=0, examples=[5])
    """How often a question is asked again when there is no answer, or no score in it."""
    parallel: int = Field(default=4, ge=1, le=64, examples=[8])
    """Questions that are asked at the same time."""
