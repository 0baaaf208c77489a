"""Cutting what is asked for into what one request may carry."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import TypeVar

__all__ = ("IST_TEXT", "pages", "spans")

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
