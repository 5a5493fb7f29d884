"""Model cards: what is known of a version, from stored evidence only. Pure.

Records become sections (one module per subject), and sections become a document that is rendered
twice: Markdown for people and the hub, JSON for programs.
"""

from registry.cards.as_json import as_json
from registry.cards.blocks import Card
from registry.cards.building import build_card
from registry.cards.known import Known
from registry.cards.markdown import as_markdown

__all__ = ["Card", "Known", "as_json", "as_markdown", "build_card"]
