"""Personal data by Presidio's pattern recognizers, beside our own. Needs the extra ``pii``.

Presidio's default engine would fetch a spaCy model from the network. A blank pipeline, which only
cuts a text into words, is enough for recognizers that go by patterns, checksums and words nearby;
names and places are not looked for.
"""

from collections.abc import Callable
from typing import Any

from controller.data.patterns import Match, without_overlaps
from controller.data.personal_data import find_personal_data
from controller.errors import DataError

MIN_SCORE = 0.5
"""Presidio's own certainty; weak patterns reach it only beside a word that speaks for them."""
NOT_ASKED = frozenset(
    {"URL", "DATE_TIME", "PERSON", "LOCATION", "NRP", "ORGANIZATION", "EMAIL_ADDRESS"}
)
"""Neither personal nor told by a pattern. Addresses of mail our own pattern finds: Presidio's asks
the network for the list of top-level domains, at every one."""
KINDS = {
    "PHONE_NUMBER": "phone",
    "CREDIT_CARD": "card",
    "IBAN_CODE": "iban",
    "IP_ADDRESS": "ip",
    "US_SSN": "ssn",
}
"""Presidio's names for what our own patterns find too."""


def open_presidio() -> Callable[[str], list[Match]]:
    """Make a finder: our own patterns first, then whatever Presidio adds.

    Raises:
        DataError: Presidio is not installed.
    """
    try:
        analyzer = _analyzer()
    except ImportError as error:
        problem = f"spec.data.checks.personal_data_by: presidio needs {error.name}"
        fix = "pip install 'trueup[pii]', or set personal_data_by: patterns"
        raise DataError(problem, reason="LibraryAbsent", fix=fix) from error
    kinds = [one for one in analyzer.get_supported_entities("en") if one not in NOT_ASKED]

    def find(text: str) -> list[Match]:
        found = analyzer.analyze(text, "en", entities=kinds, score_threshold=MIN_SCORE)
        more = (
            Match(KINDS.get(one.entity_type, one.entity_type.lower()), one.start, one.end)
            for one in sorted(found, key=lambda one: -one.score)
        )
        return without_overlaps([*find_personal_data(text), *more])

    return find


def _analyzer() -> Any:
    import spacy  # noqa: PLC0415  (an extra)
    from presidio_analyzer import AnalyzerEngine, RecognizerRegistry  # noqa: PLC0415
    from presidio_analyzer.nlp_engine import SpacyNlpEngine  # noqa: PLC0415

    engine = SpacyNlpEngine(models=[{"lang_code": "en", "model_name": "blank"}])
    engine.nlp = {"en": spacy.blank("en")}
    registry = RecognizerRegistry(supported_languages=["en"])
    registry.load_predefined_recognizers(languages=["en"], nlp_engine=engine)
    return AnalyzerEngine(registry=registry, nlp_engine=engine, supported_languages=["en"])
