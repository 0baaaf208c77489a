"""Reading what brokers send: typed, exact, and with the path to the field when it does not fit.

A `Reader` decodes JSON into msgspec structs: unknown fields are ignored, numbers become Decimals from their own digits,
and anything that does not fit is an `Invalid` that names broker, call and path. A `Vocabulary` turns a broker's words
into ours; a word it does not know becomes UNKNOWN and is counted.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, Generic, NoReturn, TypeVar, cast

import msgspec

from server.core.errors import Invalid

__all__ = ("Parser", "Reader", "Vocabulary", "number", "quantity", "refuse", "unknown_words")

T = TypeVar("T")
W = TypeVar("W", bound=str)
Parser = Callable[[bytes], Any]

_KEPT_WORDS = 500
_MAX_EXPONENT = 30
unknown_words: Counter[tuple[str, str, str]] = Counter()
"""(broker, field, word) of words nobody knew, since start; the System page shows them."""


def refuse(broker: str, call: str, path: str, problem: str) -> NoReturn:
    """Raise the one error a parser may raise."""
    raise Invalid(
        f"{broker}: the answer to {call} cannot be read: {problem} at {path}",
        code="broker.answer",
        field=path,
        remedy="Nothing of it was used. Export the report from the Connect page if it happens again.",
        broker=broker,
        call=call,
    )


class Reader(Generic[T]):
    """Decodes one kind of JSON answer of one broker."""

    def __init__(self, broker: str, call: str, type: type[T] | Any) -> None:  # noqa: A002 - msgspec's own word
        self.broker = broker
        self.call = call
        self._decoder: msgspec.json.Decoder[T] = msgspec.json.Decoder(type, strict=True, float_hook=Decimal)

    def __call__(self, body: bytes | str) -> T:
        """Decode; a number in a field typed Any is an int or an exact Decimal.

        Raises Invalid with the path to the first field that does not fit."""
        try:
            return self._decoder.decode(body)
        except msgspec.ValidationError as error:
            problem, path = _split(str(error))
            refuse(self.broker, self.call, path, problem)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            refuse(self.broker, self.call, "$", f"it is not JSON ({error})"[:160])

    def fail(self, path: str, problem: str) -> NoReturn:
        """Refuse for a reason found after decoding."""
        refuse(self.broker, self.call, path, problem)


class Vocabulary(Generic[W]):
    """A broker's words for one field -> ours."""

    def __init__(self, broker: str, field: str, words: Mapping[str, W]) -> None:
        self.broker = broker
        self.field = field
        self.words = dict(words)

    def read(self, raw: object) -> W:
        """Our word; UNKNOWN, and counted, when there is none. Every vocabulary's `W` includes UNKNOWN."""
        found = self.words.get(raw if isinstance(raw, str) else str(raw))
        if found is not None:
            return found
        key = (self.broker, self.field, str(raw)[:40])
        if key in unknown_words or len(unknown_words) < _KEPT_WORDS:
            unknown_words[key] += 1
        return cast("W", "UNKNOWN")

    def write(self, ours: str) -> str:
        """The broker's first word for ours; raises KeyError where there is none (the manifest says so first)."""
        for raw, word in self.words.items():
            if word == ours:
                return raw
        raise KeyError(f"{self.broker} has no {self.field} {ours}")


def number(broker: str, call: str, path: str, raw: object, *, empty: Decimal | None = None) -> Decimal | None:
    """A number that came as text or JSON number; `empty` for None, "", "-" and "NA". Never NaN or infinite."""
    if raw is None:
        return empty
    if isinstance(raw, Decimal):
        value = raw
    elif isinstance(raw, bool) or not isinstance(raw, (int, str)):
        refuse(broker, call, path, f"expected a number, got {type(raw).__name__}")
    else:
        text = str(raw).strip().replace(",", "")
        if text in ("", "-", "NA", "null"):
            return empty
        try:
            value = Decimal(text)
        except InvalidOperation:
            refuse(broker, call, path, f"expected a number, got {text[:24]!r}")
    if not value.is_finite() or abs(value.adjusted()) > _MAX_EXPONENT:
        refuse(broker, call, path, "expected a finite number of sensible size")
    return value


def quantity(broker: str, call: str, path: str, raw: object) -> Decimal:
    """A number that must be there."""
    value = number(broker, call, path, raw)
    if value is None:
        refuse(broker, call, path, "expected a number, got nothing")
    return value


def _split(message: str) -> tuple[str, str]:
    problem, _, path = message.rpartition(" - at ")
    return (problem, path.strip("`")) if problem else (message, "$")
