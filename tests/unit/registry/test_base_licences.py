"""The licence in a base's own model card, and everything that is none."""

import pytest

from registry.base_licences import declared_licence


@pytest.mark.parametrize(
    ("card", "licence"),
    [
        ("---\nlanguage: en\nlicense: apache-2.0\n---\n# A base\n", {"licence": "apache-2.0"}),
        ('---\nlicense: "mit"\n---\n', {"licence": "mit"}),
        ("---\nlanguage: en\n---\nlicense: mit\n", {}),
        ("# A base\nlicense: mit\n", {}),
        ("---\nlicense:\n- mit\n---\n", {}),
        ("\x00", {}),
    ],
)
def test_a_licence_is_read_from_the_head_alone(tmp_path, card, licence):
    (tmp_path / "README.md").write_text(card)

    assert declared_licence(tmp_path) == licence


def test_a_base_without_a_card_declares_nothing(tmp_path):
    assert declared_licence(tmp_path) == {}
