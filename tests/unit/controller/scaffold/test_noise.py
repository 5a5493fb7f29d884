import random

import pytest

from controller.scaffold.noise import add_noise, misspell


@pytest.mark.parametrize("seed", range(20))
def test_a_misspelling_changes_one_place_of_one_word(seed):
    text = "please refund the headphones"

    wrong = misspell(text, random.Random(seed))

    assert abs(len(wrong) - len(text)) <= 1
    assert len(wrong.split()) == len(text.split())
    assert sum(a != b for a, b in zip(wrong.split(), text.split(), strict=True)) <= 1


def test_a_text_without_a_word_is_left_alone():
    assert misspell("12 3 ?", random.Random(1)) == "12 3 ?"


def test_chat_is_mostly_lower_case_and_email_is_not():
    rng = random.Random(1)
    text = "I Want My Money Back For The Tent"

    chat = [add_noise(text, "chat", rng) for _ in range(200)]
    email = [add_noise(text, "email", rng) for _ in range(200)]

    assert sum(one.islower() for one in chat) > 100
    assert sum(one.islower() for one in email) < 40


def test_amounts_keep_their_point_when_punctuation_is_left_out():
    rng = random.Random(1)

    noisy = [add_noise("$19.99.", "web", rng) for _ in range(100)]

    assert set(noisy) == {"$19.99.", "$19.99"}
