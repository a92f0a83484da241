"""Made-up people whose every datum is found again wherever it turns up: names, addresses, mails, phones and words that nothing else in the world says."""

import re
from dataclasses import dataclass
from random import Random
from string import ascii_lowercase
from typing import Any

from deploy.local.demo.orders import DemoOrder

_TOKEN_LETTERS = 9


@dataclass(frozen=True, slots=True)
class Sighting:
    """A canary where it was found. ``kind`` is the sort of datum; ``place`` a topic, a file, a table, a process."""

    kind: str
    place: str
    detail: str


class Canaries:
    """The personal data of a run. Every value holds a word of its kind that no other run has; phones are those that reach nobody (Ofcom's drama numbers)."""

    def __init__(self, seed: int) -> None:
        random = Random(f"{seed}/canaries")  # noqa: S311 - a reproducible draw, nothing secret
        self._name, self._mail, self._street, self._text = (_token(random) for _ in range(4))
        self._postcode = f"ZQ{random.randint(1, 9)} {random.randint(1, 9)}XJ"
        self._patterns: dict[str, re.Pattern[bytes]] = {
            "name": _either_case(self._name),
            "mail address": _either_case(self._mail),
            "street": _either_case(self._street),
            "free text": _either_case(self._text),
            "postcode": re.compile(self._postcode.encode()),
            "phone": re.compile(rb"(?:\+44|\b0)7700900\d{3}\b"),
        }

    def contact_of(self, order: DemoOrder) -> dict[str, Any]:
        """The contact block of an order, always the same for a customer."""
        number = int("".join(re.findall(r"[0-9]", order.customer))[-6:] or "0")
        return {
            "name": f"Kim {self._name.capitalize()}",
            "email": f"kim{number}@{self._mail}.example",
            "phone": f"+447700900{number % 1000:03d}",
            "address_lines": [f"{number % 90 + 1} {self._street.capitalize()} Street", "Exampleton"],
            "postcode": self._postcode,
            "country": "GB",
            "locale": "en",
        }

    def words(self, position: int) -> str:
        """What the customer of a case writes."""
        return f"The {self._text} broke, says Kim {self._name.capitalize()} of case {position}."

    def look(self, content: bytes, place: str, detail: str) -> list[Sighting]:
        """The kinds of canaries that are in some bytes."""
        return [Sighting(kind, place, detail) for kind, pattern in self._patterns.items() if pattern.search(content)]


def _token(random: Random) -> str:
    """Letters that make no word."""
    return "zq" + "".join(random.choices(ascii_lowercase, k=_TOKEN_LETTERS))


def _either_case(token: str) -> re.Pattern[bytes]:
    return re.compile(token.encode(), re.IGNORECASE)
