"""Parsers and decoders of the brokers whose streams are binary, fed hostile bytes; and what lies about its size.

`SAUDA_LONG=1` grinds a million frames a broker.
"""

import contextlib
import importlib
import os
import tracemalloc
from pathlib import Path

import pytest

from server.core.errors import Invalid
from tests.brokers.seeds import SEEDS
from tests.fuzz.broker_bytes import grind

LONG = bool(os.environ.get("SAUDA_LONG"))
FRAMES = 1_000_000 if LONG else 4_000
SHARED = Path(os.environ.get("SAUDA_SHARED", Path(__file__).resolve().parents[3] / "shared")) / "brokers/fixtures"


@pytest.mark.timeout(3600 if LONG else 120)
@pytest.mark.parametrize("broker", sorted(SEEDS))
def test_parsers_when_bytes_are_hostile_then_only_invalid_is_raised(broker: str) -> None:
    module = importlib.import_module(f"server.brokers.{broker}.parse")
    files = sorted(p for p in (SHARED / broker).rglob("*") if p.is_file() and p.stat().st_size < 20_000)
    seeds = [*(p.read_bytes() for p in files), *SEEDS[broker] * 20]
    read = grind(module.PARSERS, [module.decode_stream, module.decode_orders] * 3, seeds, frames=FRAMES)
    assert 0 < read < FRAMES


@pytest.mark.parametrize("broker", sorted(SEEDS))
def test_parsers_when_a_small_frame_claims_much_then_memory_stays_bounded(broker: str) -> None:
    """Counts and lengths that lie: a few megabytes at most for a few kilobytes."""
    module = importlib.import_module(f"server.brokers.{broker}.parse")
    bombs = [b"\xff" * 4096, b"\x00\x06" + b"\xff" * 4000, b"\x7f\xff" + bytes(4000), b"[" * 4000, b'{"a":' * 800]
    tracemalloc.start()
    try:
        for parse in (*module.PARSERS.values(), module.decode_stream, module.decode_orders):
            for bomb in bombs:
                tracemalloc.reset_peak()
                with contextlib.suppress(Invalid):
                    parse(bomb)
                assert tracemalloc.get_traced_memory()[1] < 32 * 1024 * 1024
    finally:
        tracemalloc.stop()
