"""Paper orders over HTTP, durable, latency 0: the table of issue §7, first two rows.

A real server process and a client process of its own (aiohttp, keep-alive). Each order is a MARKET order in a
liquid share; the clock stops when the acknowledgement, which follows the durable commit, has been read.
"""

import asyncio
import tempfile
import time
from pathlib import Path

import aiohttp

from tests.process import Sauda, open_market

ORDER = {"account": "paper-sim", "key": "NSE:RELIANCE", "quantity": 1, "type": "MARKET", "product": "MIS"}
LIMITS = {"orders_per_second": 100_000, "open_orders": 10_000, "day_loss": 10_000_000}


async def client(session: aiohttp.ClientSession, url: str, seconds: float, name: str, took: list[float]) -> None:
    """Buy and sell in turn for a while."""
    end = time.perf_counter() + seconds
    number = 0
    while time.perf_counter() < end:
        body = {**ORDER, "side": "BUY" if number % 2 == 0 else "SELL", "request_id": f"{name}-{number}"}
        began = time.perf_counter()
        async with session.post(f"{url}/api/v1/orders", json=body) as answer:
            text = await answer.text()
            if answer.status != 201:
                raise RuntimeError(text)
        took.append(time.perf_counter() - began)
        number += 1


async def measure(url: str, clients: int, seconds: float) -> tuple[float, float, float, int]:
    """(p50 ms, p99 ms, orders a second, count)."""
    took: list[float] = []
    async with aiohttp.ClientSession() as session:
        began = time.perf_counter()
        await asyncio.gather(
            *(client(session, url, seconds, f"{clients}c{n}-{began:.3f}", took) for n in range(clients))
        )
        wall = time.perf_counter() - began
    took.sort()
    return took[len(took) // 2] * 1e3, took[int(len(took) * 0.99)] * 1e3, len(took) / wall, len(took)


def main() -> None:
    """Print the rows."""
    with tempfile.TemporaryDirectory() as folder:
        server = Sauda(Path(folder) / "data", paper__latency_ms=0).start()
        try:
            open_market(server)
            status, answer = server.request("PUT", "/api/v1/risk/limits", {"account": "paper-sim", "limits": LIMITS})
            assert status == 200, answer
            asyncio.run(measure(server.url, 1, 1.0))  # warm
            print("| clients | p50 ms | p99 ms | orders/s | n |\n|---|---|---|---|---|")
            for clients in (1, 16):
                p50, p99, rate, count = asyncio.run(measure(server.url, clients, 8.0))
                print(f"| {clients} | {p50:.2f} | {p99:.1f} | {rate:,.0f} | {count:,} |", flush=True)
        finally:
            server.stop()


if __name__ == "__main__":
    main()
