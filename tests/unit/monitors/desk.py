"""Small stand-ins for what the monitors read, and the one support desk all tests talk about."""

import random
from datetime import UTC, datetime, timedelta

from monitors.windows import Reference, ReferenceRow
from registry.traffic_records import Observation, StoredObservation

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
TOPICS = {
    "card": "my card is lost please block it",
    "refund": "where is the refund for my order",
    "login": "i cannot log in to my account",
    "invoice": "please send me the invoice again",
    "delivery": "my parcel has not arrived yet",
}
WEIGHTS = (30, 25, 20, 15, 10)
SPANISH = ("quiero", "saber", "cuando", "llega", "la", "tarjeta", "nueva", "gracias")
TYPOS = ("plase", "teh", "acount", "recieve", "pasword")


def request(rng):
    """Draw a text and its predicted label: a topic, a few words, now and then a typo."""
    (label,) = rng.choices(list(TOPICS), weights=WEIGHTS)
    known = TOPICS[label].split()
    chosen = rng.choices(known, k=rng.randint(3, 12))
    if rng.random() < 0.2:
        chosen[0] = rng.choice(TYPOS)
    return " ".join(chosen), label


def foreign(rng):
    """Draw a request in another language; the model answers with some label all the same."""
    chosen = rng.choices(SPANISH, k=8)
    return " ".join(chosen), rng.choice(list(TOPICS))


def one_label(rng):
    """Draw a request that gets one label in 70 of 100 cases."""
    text, label = request(rng)
    return text, "delivery" if rng.random() < 0.7 else label


def reference(n=300, *, seed=1):
    rng = random.Random(seed)
    vocabulary = frozenset(word for text in TOPICS.values() for word in text.split())
    return Reference(vocabulary, tuple(ReferenceRow(*request(rng)) for _ in range(n)))


def observation(text, label, *, number, model="desk", version=1, every=timedelta(seconds=60)):
    return Observation(
        request_id=f"q{number}",
        model=model,
        version=version,
        at=START + number * every,
        text=text,
        label=label,
        score=0.9,
        slices={},
        latency_seconds=0.01,
    )


def traffic(n, *, draw=request, seed=2, first=1):
    """Draw ``n`` stored observations with sequences from ``first``."""
    rng = random.Random(seed)
    return [
        StoredObservation(number, observation(*draw(rng), number=number))
        for number in range(first, first + n)
    ]
