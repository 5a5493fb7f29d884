"""Broken encodings and texts without words, in more scripts than one."""

import pytest

from controller.data.garbled import why_garbled

GARBLED = {
    "can\ufffdt log in": "replacement",
    "it\u00e2\u20ac\u2122s late": "mojibake",
    "Ich h\u00c3\u00a4tte gern": "mojibake",
    "\u00d0\u0178\u00d1\u20ac\u00d0\u00b8\u00d0\u00b2\u00d0\u00b5\u00d1\u201a": "mojibake",
    "a\x00b is lost": "control",
    "a": "short",
    "12": "short",
    "!!!! ????": "letters",
    "#$%& card @@@ ((((": "letters",
    "aaaaaaaaaaaa": "repeats",
    "qwe qwe qwe qwe qwe qwe": "repeats",
}
ORDINARY = [
    "ok",
    "Hi",
    "I lost it!!!!",
    "退",
    "退款",
    "👍",
    "ok 👍🏽",
    "मेरा कार्ड कहाँ है",
    "حسابي لا يعمل",
    "บัตรของฉันอยู่ที่ไหน",
    "Où est ma carte ?",
    "NÃO",
    "IRM\u00c3\u201d",
    "Spaß…",
    "voilà…",
    "ÉTÉ \u2013 “ÉLÉ”",
    "I paid 1,250.00 on 2024-11-05 at 10:45",
]


@pytest.mark.parametrize(("text", "why"), GARBLED.items())
def test_what_went_wrong_with_a_text_is_named(text, why):
    assert why_garbled(text) == why


@pytest.mark.parametrize("text", ORDINARY)
def test_ordinary_texts_of_any_script_are_not_garbled(text):
    assert why_garbled(text) is None


@pytest.mark.parametrize("text", ["Où est déjà passée l'été ?", "Привет, где карта?", "退款在哪里"])
def test_utf_8_read_as_windows_1252_is_told_from_the_text_itself(text):
    broken = text.encode().decode("cp1252", "replace")

    assert why_garbled(text) is None
    assert why_garbled(broken) in ("mojibake", "replacement")
