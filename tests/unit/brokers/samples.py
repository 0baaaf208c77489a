"""Official samples of brokers, read independently of the parsers under test."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.shared import shared

__all__ = ("body", "raw", "samples")


def body(path: str) -> bytes:
    """A sample as bytes; skips the test where ../shared is absent."""
    return shared(f"brokers/fixtures/{path}").read_bytes()


def raw(path: str) -> Any:
    """A sample as plain data; numbers with a point are Decimals from their digits."""
    return json.loads(body(path), parse_float=Decimal)


def samples(folder: str, pattern: str = "*.json") -> list[Path]:
    """All samples under a folder."""
    return sorted(shared(f"brokers/fixtures/{folder}").rglob(pattern))
