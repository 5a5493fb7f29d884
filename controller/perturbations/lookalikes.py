"""Look-alikes: letters of other alphabets and full-width forms that people read as the same.

They come from copied text, from other keyboards, and from people who want to pass a filter. What is
replaced is Latin, and what stands there afterwards is another code point.
"""

from random import Random

LETTERS_PER_SWAP = 8
"""About one letter in eight, and at least one."""
_LATIN = "aceiopsxyABCEHIKMOPSTXY"
_CYRILLIC = (
    "\u0430\u0441\u0435\u0456\u043e\u0440\u0455\u0445\u0443"
    "\u0410\u0412\u0421\u0415\u041d\u0406\u041a\u041c\u041e\u0420\u0405\u0422\u0425\u0423"
)
_FULL_WIDTH_FROM = 0xFEE0
"""From an ASCII letter or digit to its full-width form."""
_ACCENTED = {"a": "\u00e0", "e": "\u00e9", "i": "\u00ed", "o": "\u00f3", "u": "\u00fa"}
LOOKALIKES: dict[str, tuple[str, ...]] = {
    letter: tuple(
        other
        for other in (
            dict(zip(_LATIN, _CYRILLIC, strict=True)).get(letter),
            chr(ord(letter) + _FULL_WIDTH_FROM),
            _ACCENTED.get(letter),
        )
        if other
    )
    for letter in "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
}
"""Letter → what looks like it, the most alike first."""


def perturb(text: str, rng: Random) -> str:
    """Replace some letters of ``text`` by others that look like them."""
    places = [index for index, letter in enumerate(text) if letter in LOOKALIKES]
    if not places:
        return text
    letters = list(text)
    for index in rng.sample(places, max(1, round(len(places) / LETTERS_PER_SWAP))):
        letters[index] = rng.choice(LOOKALIKES[text[index]])
    return "".join(letters)
