"""The fields of one answer: numbers and moments read out of it, each refused by broker, call and path if it is none."""

from datetime import date, datetime, timezone
from decimal import Decimal
from typing import NoReturn, TypeVar

import msgspec

from server.brokers.kit.moments import IST, epoch, epoch_text, local, rfc3339
from server.brokers.kit.reading import number, refuse

__all__ = ("Fields",)

T = TypeVar("T")


class Fields:
    """Reads fields for one call of one broker."""

    def __init__(self, broker: str, call: str) -> None:
        self.broker = broker
        self.call = call

    def number(self, path: str, raw: object) -> Decimal | None:
        """A number, or None for None, "", "-" and "NA"."""
        return number(self.broker, self.call, path, raw)

    def need(self, path: str, raw: object) -> Decimal:
        """A number that must be there."""
        value = number(self.broker, self.call, path, raw)
        return value if value is not None else self.fail(path, "expected a number, got nothing")

    def price(self, path: str, raw: object) -> Decimal | None:
        """A number, or None where the broker writes 0 for none."""
        return number(self.broker, self.call, path, raw) or None

    def whole(self, path: str, raw: object) -> int | None:
        """A whole number."""
        value = number(self.broker, self.call, path, raw)
        if value is None:
            return None
        return int(value) if value == value.to_integral_value() else self.fail(path, "expected a whole number")

    def moment(self, path: str, raw: str | None) -> datetime | None:
        """RFC 3339."""
        return rfc3339(self.broker, self.call, path, raw)

    def epoch(self, path: str, raw: object, unit: str = "ms") -> datetime | None:
        """Since 1970, as number or digits."""
        if isinstance(raw, str):
            return epoch_text(self.broker, self.call, path, raw, unit)
        if raw is not None and (isinstance(raw, bool) or not isinstance(raw, int)):
            self.fail(path, f"expected a time since 1970, got {type(raw).__name__}")
        return epoch(self.broker, self.call, path, raw, unit)

    def local(self, path: str, raw: str | None, *forms: str, zone: timezone = IST) -> datetime | None:
        """The zone's wall clock in one of the `strptime` forms."""
        return local(self.broker, self.call, path, raw, forms, zone)

    def day(self, path: str, raw: str | None) -> date | None:
        """`YYYY-MM-DD`, what follows it is ignored."""
        if not raw:
            return None
        try:
            return date.fromisoformat(raw[:10])
        except ValueError:
            return self.fail(path, f"expected a date, got {raw[:24]!r}")

    def text(self, path: str, raw: object) -> str:
        """Text that must be there."""
        return raw if isinstance(raw, str) and raw else self.fail(path, "expected text, got nothing")

    def convert(self, path: str, raw: object, kind: type[T]) -> T:
        """Plain data as a struct."""
        try:
            return msgspec.convert(raw, kind)
        except (msgspec.ValidationError, RecursionError) as error:
            return self.fail(path, str(error)[:160])

    def fail(self, path: str, problem: str) -> NoReturn:
        """Refuse the answer."""
        refuse(self.broker, self.call, path, problem)
