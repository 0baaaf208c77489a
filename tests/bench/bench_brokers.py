"""Brokers measured: a Kite frame into the hub, a full ticker, a submit's own cost, a big merged master.

Processor time throughout: what other programs take of the machine is not counted.
"""

import asyncio
import gc
import statistics
import time
import tracemalloc
from datetime import date
from decimal import Decimal

import numpy as np

from server.brokers.kit.master import MergedMaster
from server.brokers.kit.symbols import Listing, SymbolMap
from server.brokers.upstox.parse import PARSERS as UPSTOX
from server.brokers.upstox.symbols import listings as upstox_listings
from server.brokers.zerodha.batches import Rows, batch_of
from server.brokers.zerodha.packets import decode_columns
from server.brokers.zerodha.parse import PARSERS as KITE
from server.brokers.zerodha.parse import decode_stream
from server.brokers.zerodha.symbols import listings as kite_listings
from server.domain.instruments import Instrument, option_symbol
from server.market.hub import Hub
from tests.bench.market_load import Load
from tests.brokers.frames import kite_frame, kite_full
from tests.brokers.joined import joined
from tests.shared import shared
from tests.trading import order

SECOND = 1_000_000_000


def _tokens(count: int) -> list[int]:
    return [(10_000 + n) << 8 | 2 for n in range(count)]


def _frame(tokens: list[int], at: int, prices: np.ndarray, turn: int) -> bytes:
    return kite_frame(
        [
            kite_full(
                token,
                int(price),
                at=at,
                volume=65 * (turn + 1),
                oi=650,
                bids=[(650, int(price) - 5 * n, 3) for n in range(1, 6)],
                asks=[(650, int(price) + 5 * n, 3) for n in range(1, 6)],
            )
            for token, price in zip(tokens, prices, strict=True)
        ]
    )


def _rows(hub: Hub, tokens: list[int]) -> Rows:
    keys = [(str(token), hub.key(n)) for n, token in enumerate(tokens)]
    return Rows(keys, hub.row)


def _take(hub: Hub, rows: Rows, frame: bytes, wall_ns: int) -> int:
    taken = 0
    for columns in decode_columns(frame):
        batch = batch_of(columns, rows, wall_ns, "kite")
        if batch is not None:
            hub.intake(batch)
            taken += len(batch.rows)
    return taken


def frame_into_hub() -> tuple[float, float]:
    """Median milliseconds of a frame of 500 full packets: decoded and in the hub; decoded as events."""
    load, tokens = Load(500), _tokens(500)
    hub = load.hub()
    rows, random = _rows(hub, tokens), np.random.default_rng(7)
    prices = np.full(500, 10_000)
    first, took = load.now_ns // SECOND, []
    for turn in range(300):
        prices = prices + 5 * random.integers(-2, 3, 500)
        frame = _frame(tokens, first + turn, prices, turn)
        load.now_ns = (first + turn) * SECOND
        began = time.process_time()
        taken = _take(hub, rows, frame, load.now_ns)
        took.append(time.process_time() - began)
        assert taken == 500
    stats = hub.intake_stats()
    assert stats.kept == 300 * 500, stats.drops
    began = time.process_time()
    for _ in range(20):
        decode_stream(frame)
    return 1e3 * statistics.median(took[50:]), 1e3 * (time.process_time() - began) / 20


def sockets_share() -> float:
    """Share of one core for three sockets of 3,000 instruments at a tick a second each, frames of 500."""
    load, tokens = Load(9_000), _tokens(9_000)
    hub = load.hub()
    rows, random = _rows(hub, tokens), np.random.default_rng(7)
    prices = np.full(9_000, 10_000)
    first, seconds, used = load.now_ns // SECOND, 40, 0.0
    for turn in range(seconds):
        prices = prices + 5 * random.integers(-2, 3, 9_000)
        frames = [_frame(tokens[n : n + 500], first + turn, prices[n : n + 500], turn) for n in range(0, 9_000, 500)]
        load.now_ns = (first + turn) * SECOND
        began = time.process_time()
        for frame in frames:
            _take(hub, rows, frame, load.now_ns)
        hub.housekeep()
        if turn >= 5:
            used += time.process_time() - began
    stats = hub.intake_stats()
    assert stats.kept == seconds * 9_000, stats.drops
    return used / (seconds - 5)


async def submit_cost() -> tuple[float, float]:
    """Median and p99 milliseconds of our own code in a submit: all of it, less the wait for the wire."""
    async with joined("zerodha") as made:
        side, instrument = made.connection.execution, made.symbols.of("NSE:SBIN").instrument
        wire = 0.0
        session = made.http.session
        plain = session.request

        class Timed:
            """The library's request, its time counted."""

            def __init__(self, *given: object, **named: object) -> None:
                self._inner = plain(*given, **named)  # type: ignore[arg-type]

            async def __aenter__(self) -> object:
                nonlocal wire
                began = time.process_time()
                try:
                    return await self._inner.__aenter__()
                finally:
                    wire += time.process_time() - began

            async def __aexit__(self, *error: object) -> None:
                await self._inner.__aexit__(*error)  # type: ignore[arg-type]

        session.request = Timed  # type: ignore[method-assign,assignment]
        took = []
        for n in range(400):
            sent = order(instrument, "BUY", 1, "LIMIT", "799.00", product="MIS")
            wire, began = 0.0, time.process_time()
            await side.place(sent)
            if n >= 50:
                took.append(time.process_time() - began - wire)
        took.sort()
        return 1e3 * statistics.median(took), 1e3 * took[int(len(took) * 0.99)]


def master() -> list[str]:
    """Rows of the table: real masters mapped, and 200,000 instruments merged, searched, weighed."""
    found = []
    listed: list[list[Listing]] = []
    for name, path, parse, place in (
        ("Upstox, all segments, 2025-08", "upstox_complete_2025-08.csv.gz", UPSTOX, upstox_listings),
        ("Kite NFO, 2025-11", "kite_NFO_2025-11.csv.gz", KITE, kite_listings),
        ("Kite NSE, 2025-05", "kite_NSE_2025-05.csv.gz", KITE, kite_listings),
    ):
        body = shared(f"data/instruments/{path}").read_bytes()
        began = time.process_time()
        lines = parse["instruments"](body)
        mapped, left_out = place(lines)
        took = time.process_time() - began
        listed.append(mapped)
        why = ", ".join(f"{count:,} {reason}" for reason, count in left_out.most_common(4))
        found.append(
            f"| {name}: parsed and mapped | {took:.2f} s | {len(lines):,} rows, {len(mapped):,} mapped; out: {why} |"
        )
    instruments = [x.instrument for one in listed for x in one]
    have = {x.key for x in instruments}
    day, n = date(2027, 1, 28), 0
    while len(have) < 200_000:  # filled up with options that could be listed
        n += 1
        symbol = option_symbol(f"FILL{n % 400}", day, Decimal(100 + n), "CE")
        filler = Instrument(
            symbol=symbol, exchange="NFO", kind="OPTION", name=f"FILL{n % 400}", segment="STOCK_OPT", lot=100,
            expiry=day, strike=Decimal(100 + n), right="CE", underlying=f"NSE:FILL{n % 400}",
        )  # fmt: skip
        have.add(filler.key)
        instruments.append(filler)
    merged = MergedMaster()
    gc.collect()
    began = time.process_time()
    merged.merge("all", instruments)
    took = time.process_time() - began
    found.append(f"| merged master of {len(merged):,} instruments loaded | {took:.2f} s | <= 1.5 s |")
    slowest, texts = 0.0, ("n", "ni", "nif", "nifty 24500", "nifty 24500 ce", "reliance", "bank fut", "sbin", "fill7")
    for text in texts:
        began = time.process_time()
        for _ in range(5):
            merged.search(text, kind=None, name=None, expiry=None, limit=50)
        slowest = max(slowest, (time.process_time() - began) / 5)
    found.append(f"| slowest search of a keystroke ({len(texts)} texts) | {1e3 * slowest:.1f} ms | <= 5 ms |")
    del merged
    gc.collect()
    tracemalloc.start()
    weighed = MergedMaster()
    weighed.merge("all", instruments)
    index = tracemalloc.get_traced_memory()[0] / 1024 / 1024
    tracemalloc.stop()
    tracemalloc.start()
    rows = UPSTOX["instruments"](shared("data/instruments/upstox_complete_2025-08.csv.gz").read_bytes())
    kept, _ = upstox_listings(rows)
    del rows
    symbols = SymbolMap("upstox")
    symbols.fill(kept)
    gc.collect()
    scale = 200_000 / len(kept) / 1024 / 1024
    mapped_too = tracemalloc.get_traced_memory()[0] * scale
    alone = [one.instrument for one in kept]
    del kept, symbols
    gc.collect()
    themselves = tracemalloc.get_traced_memory()[0] * scale
    assert alone
    tracemalloc.stop()
    found.append(
        f"| memory of the merged master | {index + themselves:.0f} MB: {index:.0f} index, {themselves:.0f} instruments "
        "| <= 120 MB |"
    )
    found.append(f"| one broker's own map of 200,000 (its instruments are the master's) | {mapped_too:.0f} MB | |")
    return found


def main() -> None:
    """Print the table."""
    print("| what | measured | bar |")
    print("|---|---|---|")
    columns, events = frame_into_hub()
    print(f"| Kite frame of 500 full packets decoded and in the hub | {columns:.2f} ms | <= 2 ms |")
    print(f"| the same frame decoded as single events | {events:.1f} ms | |", flush=True)
    print(f"| 3 sockets x 3,000 instruments at a tick a second | {100 * sockets_share():.1f} % of a core | <= 25 % |")
    middle, worst = asyncio.run(submit_cost())
    print(f"| submit, our code without the wire | {middle:.2f} ms, p99 {worst:.2f} ms | p99 <= 2 ms |", flush=True)
    print("\n".join(master()))


if __name__ == "__main__":
    main()
