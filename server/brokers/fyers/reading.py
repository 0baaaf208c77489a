"""Reading FYERS' answers field by field. Times are naive IST.

An answer can be HTTP 200 and an error: `s` is always read.
"""

from datetime import datetime
from decimal import Decimal
from typing import Any

from server.brokers.fyers.wire import Answer
from server.brokers.kit.moments import local
from server.brokers.kit.reading import Reader, number, refuse

__all__ = ("ANSWER", "BROKER", "Fields", "Raw", "accepted")

BROKER = "fyers"

_FORMS = ("%d-%b-%Y %H:%M:%S", "%d-%b-%y %H:%M:%S", "%d-%m-%Y %H:%M:%S", "%Y-%m-%d %H:%M:%S")

Raw = dict[str, Any]

ANSWER: Reader[Answer] = Reader(BROKER, "answer", Answer)


class Fields:
    """One object of an answer: what must be there, and what may be."""

    def __init__(self, call: str, path: str, raw: Any) -> None:
        if not isinstance(raw, dict):
            refuse(BROKER, call, path, f"expected an object, got {type(raw).__name__}")
        self.call, self.path, self.raw = call, path, raw

    def text(self, name: str, *, needed: bool = False) -> str:
        """A field as text; empty where it is none, unless it is needed."""
        found = self.raw.get(name)
        if isinstance(found, bool) or not isinstance(found, (str, int, Decimal)) or found == "":
            if needed:
                refuse(BROKER, self.call, f"{self.path}.{name}", "expected text, got nothing")
            return ""
        return str(found)

    def need(self, *names: str) -> Decimal:
        """The first of these fields that is a number; Invalid where none is."""
        found = self.some(*names)
        if found is None:
            refuse(BROKER, self.call, f"{self.path}.{names[0]}", "expected a number, got nothing")
        return found

    def some(self, *names: str) -> Decimal | None:
        """The first of these fields that is a number."""
        for name in names:
            found = number(BROKER, self.call, f"{self.path}.{name}", self.raw.get(name))
            if found is not None:
                return found
        return None

    def price(self, *names: str) -> Decimal | None:
        """A number; None where FYERS writes 0 for nothing."""
        return self.some(*names) or None

    def word(self, *names: str) -> str:
        """A code as text: 1 and "1" and 1.0 are the same."""
        for name in names:
            found = self.raw.get(name)
            if isinstance(found, str) and found:
                return found
            if isinstance(found, (int, Decimal)) and not isinstance(found, bool):
                value = number(BROKER, self.call, f"{self.path}.{name}", found)
                return str(int(value)) if value is not None and value == value.to_integral_value() else str(found)
        return ""

    def time(self, *names: str) -> datetime | None:
        """The first of these fields that is text, a naive IST time, aware."""
        for name in names:
            found = self.raw.get(name)
            if isinstance(found, str) and found:
                return local(BROKER, self.call, f"{self.path}.{name}", found, _FORMS)
        return None

    def inner(self, name: str) -> "Fields":
        """An object inside."""
        return Fields(self.call, f"{self.path}.{name}", self.raw.get(name))

    def list(self, name: str) -> "list[Fields]":
        """The objects of a list inside."""
        found = self.raw.get(name)
        if isinstance(found, dict):  # one where several are usual
            found = [found]
        if not isinstance(found, list):
            refuse(BROKER, self.call, f"{self.path}.{name}", "expected a list")
        return [Fields(self.call, f"{self.path}.{name}[{i}]", one) for i, one in enumerate(found)]


def accepted(call: str, body: bytes | str) -> Fields:
    """The whole answer; one that says error is refused in the broker's words."""
    raw = Reader[Any](BROKER, call, Any)(body)
    found = Fields(call, "$", raw)
    if raw.get("s", "ok") not in ("ok", "no_data"):
        refuse(BROKER, call, "$", f"the broker answered with an error, {str(raw.get('message', ''))[:200]!r}")
    return found
