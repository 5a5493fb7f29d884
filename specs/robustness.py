"""``spec.evaluation.robustness``: under which noise, and which attack, a version is measured."""

from pydantic import Field

from specs.paths import OwnFile
from specs.perturbations import Noise
from specs.section import Section


class Attack(Section):
    """A search for small changes that make a right answer wrong."""

    rows: int = Field(default=200, ge=1)
    """Test rows that are attacked, drawn by ``training.seed``."""
    queries: int = Field(default=50, ge=2)
    """Versions of each row's text that the search may try at most."""
    changed_words: float = Field(default=0.3, gt=0, le=1)
    """Share of a text's words that may be changed, but one word always may."""


class Robustness(Section):
    """Noise, one's own paraphrases, and an attack within a budget."""

    perturbations: list[Noise] = []
    """Kinds of noise under which the test rows are measured again."""
    paraphrases: OwnFile | None = Field(default=None, examples=["data/paraphrases.csv"])
    """File of the repository with columns ``text`` and ``paraphrase``: test texts, and other words
    for them."""
    attack: Attack | None = None
    """A search-based attack; null: none. text-classification only."""

    @property
    def is_wanted(self) -> bool:
        """Whether anything is asked for."""
        return bool(self.perturbations or self.paraphrases or self.attack)
