"""Cutting what is asked for into what one request may carry."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TypeVar

from server.core.errors import Invalid

__all__ = ("IST_TEXT", "interval_of", "pages", "spans")

T = TypeVar("T")
IST_TEXT = "%Y-%m-%d %H:%M:%S"


def pages(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """Runs of at most `size` items."""
    for at in range(0, len(items), size):
        yield items[at : at + size]


def spans(start: datetime, end: datetime, most: timedelta) -> Iterator[tuple[datetime, datetime]]:
    """[start, end) in pieces of at most `most`, oldest first."""
    while start < end:
        last = min(end, start + most)
        yield start, last
        start = last


def interval_of(broker: str, words: Mapping[str, T], interval: str) -> T:
    """What the broker calls bars of `interval`; raises Invalid naming those it has."""
    if interval not in words:
        raise Invalid(
            f"{broker} has no {interval} bars.",
            code="broker.interval",
            field="interval",
            remedy=f"Use one of {', '.join(words)}.",
        )
    return words[interval]
