"""Personal data and secrets by pattern: what is found, what is left alone, what is masked."""

import base64
import binascii
from importlib.util import find_spec

import pytest

from controller.data.credentials import _base62, entropy, find_credentials
from controller.data.finders import finder_of, without_private
from controller.data.patterns import masked
from controller.data.personal_data import find_personal_data, has_luhn, is_iban
from controller.errors import DataError


def kinds(found):
    return [one.kind for one in found]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("write to ann.lee+x@mail.example.com please", ["email"]),
        ("call +49 30 1234567", ["phone"]),
        ("call (030) 123-45678 now", ["phone"]),
        ("my card 4111 1111 1111 1111 is lost", ["card"]),
        ("4111111111111111", ["card"]),
        ("mail a@b.co or call 030-1234-5678", ["email", "phone"]),
        ("DE89 3704 0044 0532 0130 00 PLEASE HELP", ["iban"]),
        ("GB82WEST12345698765432", ["iban"]),
        ("my number is 123-45-6789", ["ssn"]),
        ("logged in from 8.8.8.8", ["ip"]),
        ("from 2001:4860:4860::8888", ["ip"]),
        pytest.param("card 4111 1111 1111 1112", [], id="a wrong check digit is no card"),
        pytest.param("GB82WEST12345698765431", [], id="a wrong check digit is no account"),
        pytest.param("192.168.1.1 and 10.0.0.1", [], id="an address that nobody has alone"),
        pytest.param("version 1.2.3.4.5", [], id="a version"),
        pytest.param("order 1234567890", [], id="an ungrouped number"),
        pytest.param("on 2024-01-31 10:15:20", [], id="a date"),
        pytest.param("1 2 3 4 5 6 7 8 9", [], id="counting"),
        pytest.param("I paid 1250.00 in 3 parts", [], id="an amount"),
        pytest.param("@mention and price@home", [], id="an at sign"),
        pytest.param("nothing here", [], id="nothing"),
    ],
)
def test_kinds_are_told_apart(text, expected):
    assert kinds(find_personal_data(text)) == expected


@pytest.mark.parametrize(("number", "valid"), [("79927398713", True), ("79927398710", False)])
def test_luhn_is_the_published_check(number, valid):
    assert has_luhn(number) is valid


def test_an_account_has_its_countrys_length():
    assert is_iban("DE89370400440532013000")
    assert not is_iban("DE8937040044053201300")


HEX = "9f86d081884c7d659a2feaa0c55ad015"
BODY = "0123456789abcdefABCDEF0123456z"
GITHUB = f"ghp_{BODY}{_base62(binascii.crc32(BODY.encode()))}"
JWT = ".".join(
    base64.urlsafe_b64encode(part).decode().rstrip("=")
    for part in (b'{"alg":"HS256","typ":"JWT"}', b'{"sub":"1234567890"}', b"x" * 24)
)
PEM = "-----BEGIN RSA PRIVATE KEY-----\nMIIEpA\n-----END RSA PRIVATE KEY-----"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("key AKIAIOSFODNN7EXAMPLE", ["aws_key"]),
        (GITHUB, ["github_token"]),
        (JWT, ["jwt"]),
        (f"here: {PEM} bye", ["private_key"]),
        ("postgres://bob:s3cret@db.local/x", ["url_password"]),
        (f"api_key='{HEX}'", ["assigned_secret"]),
        ("password = Xk9fQ2mZ7pLw", ["assigned_secret"]),
        pytest.param(GITHUB[:-1] + "!", [], id="a wrong checksum"),
        pytest.param(
            "eyJhbGciOi.eyJzdWIiOi.abcdefghijklmnopqrst", [], id="a header that is no JSON"
        ),
        pytest.param("my password: is not working anymore", [], id="words"),
        pytest.param("token: verification-code", [], id="a value of words"),
        pytest.param("at 10:15 = noon", [], id="signs alone"),
    ],
)
def test_secrets_are_told_by_form_checksum_or_randomness(text, expected):
    assert kinds(find_credentials(text)) == expected


def test_random_text_has_more_entropy_than_words():
    assert entropy("Xk9fQ2mZ7pLw") > 3.3 > entropy("password1111")


def test_what_is_masked_is_gone_and_the_rest_stays():
    text = "mail a@b.co or call 030-1234-5678"

    assert masked(text, find_personal_data(text)) == "mail [email] or call [phone]"


def test_every_text_of_a_report_is_masked():
    report = {"examples": [{"text": "a@b.co"}], "a@b.co": (f"token={HEX}", 3, None)}

    found = without_private(report, find_personal_data)

    assert found == {
        "examples": [{"text": "[email]"}],
        "[email]": ["token=[assigned_secret]", 3, None],
    }


def test_presidio_is_refused_with_the_command_that_brings_it():
    if find_spec("presidio_analyzer") is None:
        with pytest.raises(DataError, match="presidio") as refused:
            finder_of("presidio")
        assert "pip install 'trueup[pii]'" in refused.value.fix
    else:
        find = finder_of("presidio")
        assert kinds(find("send to 16Yeky6GMjeNkAiNcBY7ZhrLoMSgg1BoyZ")) == ["crypto"]
