"""Moments as brokers write them -> aware UTC, to the microsecond (finer digits are cut, never rounded).

Nothing here reads a clock. Text that is no moment is an `Invalid` with broker, call and path, as all reading is.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone

from server.brokers.kit.reading import refuse

__all__ = ("IST", "epoch", "epoch_text", "local", "rfc3339", "wall")

IST = timezone(timedelta(hours=5, minutes=30))
_RFC3339 = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})[Tt ]([0-9]{2}):([0-9]{2}):([0-9]{2})"
    r"(?:\.([0-9]{1,12}))?(?:([Zz])|([+-])([0-9]{2}):?([0-9]{2}))?"
)
_UNITS: Mapping[str, int] = {"s": 1_000_000, "ms": 1_000, "us": 1}
_START = datetime(1970, 1, 1, tzinfo=UTC)
_MOST = 4_102_444_800 * 1_000_000
"""Year 2100: a later moment is a misread unit."""


def rfc3339(broker: str, call: str, path: str, raw: str | None) -> datetime | None:
    """`2022-03-18T14:02:43.651613184Z` or with an offset; None for None and empty. Without a zone it is UTC."""
    if not raw:
        return None
    match = _RFC3339.fullmatch(raw)
    if match is None:
        refuse(broker, call, path, f"expected an RFC 3339 time, got {raw[:40]!r}")
    year, month, day, hour, minute, second, fraction, _, sign, off_hours, off_minutes = match.groups()
    micro = int((fraction or "").ljust(6, "0")[:6])
    try:
        moment = datetime(int(year), int(month), int(day), int(hour), int(minute), int(second), micro, tzinfo=UTC)
        if sign:
            offset = timedelta(hours=int(off_hours), minutes=int(off_minutes))
            moment = moment - offset if sign == "+" else moment + offset
    except (ValueError, OverflowError):
        refuse(broker, call, path, f"there is no time {raw[:40]!r}")
    return moment


def epoch(broker: str, call: str, path: str, raw: int | None, unit: str = "ms") -> datetime | None:
    """Seconds, milliseconds or microseconds since 1970; None for None and 0."""
    if not raw:
        return None
    if not 0 < raw <= _MOST // _UNITS[unit]:
        refuse(broker, call, path, "expected a time since 1970")
    return _START + timedelta(microseconds=raw * _UNITS[unit])


def epoch_text(broker: str, call: str, path: str, raw: str | int | None, unit: str = "s") -> datetime | None:
    """As `epoch`, from digits written as text; None for empty and 0."""
    if raw is None or raw == "":
        return None
    if isinstance(raw, str):
        if not (raw.isascii() and raw.isdigit() and len(raw) <= 20):
            refuse(broker, call, path, f"expected a time since 1970, got {raw[:24]!r}")
        raw = int(raw)
    return epoch(broker, call, path, raw, unit)


def local(
    broker: str, call: str, path: str, raw: str | None, forms: tuple[str, ...], zone: timezone = IST
) -> datetime | None:
    """The first of the `strptime` forms that fits, read as `zone`'s wall clock; None for None and empty."""
    if not raw:
        return None
    for form in forms:
        try:
            return datetime.strptime(raw, form).replace(tzinfo=zone).astimezone(UTC)
        except (ValueError, OverflowError):
            continue
    return refuse(broker, call, path, f"expected a time, got {raw[:40]!r}")


def wall(broker: str, call: str, path: str, raw: str | None, zone: timezone = IST) -> datetime | None:
    """ISO text, naive ones read as `zone`'s wall clock; None for None, empty and the zero times some servers send."""
    if raw is None or not (text := raw.strip()) or text.startswith(("0000", "0001-01-01")):
        return None
    try:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo is not None else moment.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        refuse(broker, call, path, f"expected a time, got {text[:40]!r}")
