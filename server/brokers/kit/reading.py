"""Reading what brokers send: typed, exact, and with the path to the field when it does not fit.

A `Reader` decodes JSON into msgspec structs: unknown fields are ignored, numbers become Decimals from their own digits,
and anything that does not fit is an `Invalid` that names broker, call and path. A `Vocabulary` turns a broker's words
into ours; a word it does not know becomes UNKNOWN and is counted.
"""

import csv
import io
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from functools import wraps
from typing import Any, Generic, NoReturn, TypeVar, cast

import msgspec

from server.core.errors import Invalid

__all__ = (
    "Parser",
    "Reader",
    "Vocabulary",
    "guard",
    "inflate",
    "number",
    "quantity",
    "refuse",
    "sound",
    "table_rows",
    "unknown_words",
)

T = TypeVar("T")
W = TypeVar("W", bound=str)
Parser = Callable[[bytes], Any]

_KEPT_WORDS = 500
_MAX_EXPONENT = 30
_MAX_INFLATED = 256 * 1024 * 1024
_MAX_FIELD = 64 * 1024
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


def guard(broker: str, call: str, parse: Callable[[Any], T], *, deep: bool = True) -> Callable[[Any], T]:
    """A parser that raises nothing but Invalid and gives no number that is not one.

    JSON has words for NaN and for numbers with a million zeros; whatever arithmetic makes of them ends here, and with
    `deep` every Decimal of the result is looked at (leave it out where each went through `number`)."""

    @wraps(parse)
    def guarded(body: Any) -> T:
        try:
            found = parse(body)
        except (ArithmeticError, RecursionError) as error:
            refuse(broker, call, "$", f"a number in it is not of sensible size ({type(error).__name__})")
        if deep:
            sound(broker, call, found)
        return found

    return guarded


def sound(broker: str, call: str, found: object, path: str = "$") -> None:
    """Refuse any Decimal in a result that is not finite or of absurd size; names its path in the result."""
    if isinstance(found, Decimal):
        if not found.is_finite() or (found and abs(found.adjusted()) > _MAX_EXPONENT):
            refuse(broker, call, path, "expected a finite number of sensible size")
    elif isinstance(found, msgspec.Struct):
        for field in found.__struct_fields__:
            value = getattr(found, field)
            if isinstance(value, (Decimal, msgspec.Struct, tuple, list)):
                sound(broker, call, value, f"{path}.{field}")
    elif isinstance(found, (list, tuple)):
        for index, value in enumerate(found):
            sound(broker, call, value, f"{path}[{index}]")


def inflate(broker: str, call: str, body: bytes, cap: int = _MAX_INFLATED) -> bytes:
    """The body, unpacked when it is gzip; refuses more than `cap` bytes of it."""
    if body[:2] != b"\x1f\x8b":
        return body
    unpacker = zlib.decompressobj(wbits=31)
    try:
        plain = unpacker.decompress(body, cap)
    except zlib.error as error:
        refuse(broker, call, "$", f"its gzip is damaged ({error})")
    if unpacker.unconsumed_tail:
        refuse(broker, call, "$", f"it unpacks to more than {cap // 1024 // 1024} MB")
    if not unpacker.eof:
        refuse(broker, call, "$", "its gzip is cut off")
    return plain


def table_rows(
    broker: str, call: str, body: bytes, needed: Sequence[str] = (), *, delimiter: str = ","
) -> Iterator[tuple[int, dict[str, str]]]:
    """Rows of a CSV (gzip or plain) by column name, with their line numbers; refuses a head without `needed`."""
    try:
        text = inflate(broker, call, body).decode("utf-8-sig")
    except UnicodeDecodeError:
        refuse(broker, call, "$", "it is not UTF-8 text")
    csv.field_size_limit(_MAX_FIELD)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        head = [column.strip() for column in next(rows, [])]
        missing = [column for column in needed if column not in head]
        if missing:
            refuse(broker, call, "line 1", f"expected the column {missing[0]!r}")
        for row in rows:
            if row and not row[0].startswith("#"):  # some masters carry lines that were taken out by a comment
                yield rows.line_num, dict(zip(head, row, strict=False))
    except csv.Error as error:
        refuse(broker, call, f"line {rows.line_num}", f"it is no CSV ({error})")


def _split(message: str) -> tuple[str, str]:
    problem, _, path = message.rpartition(" - at ")
    return (problem, path.strip("`")) if problem else (message, "$")
