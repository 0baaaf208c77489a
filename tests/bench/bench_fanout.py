"""Fan-out: windows that each watch 200 of 3,000 symbols over real sockets, a 50 ms flush.

One process is the server (hub, streams, feed), this one is all the clients. Latency is from the server's stamp in a
frame's header to the moment the client has read it. The fan-out's share of a core is what the server process uses
with the windows open, less what it used before (feed and hub alone). The last run adds a window that never reads.
"""

import asyncio
import struct
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import msgspec
import numpy as np
import psutil

from server.core.clock import SystemClock, to_ns
from tests.bench.market_load import options
from tests.process import free_port

INSTRUMENTS = 3_000
SYMBOLS = 200
SECONDS = 12.0
_STAMP = struct.Struct("<d")
_COUNT = struct.Struct("<I")
_clock = SystemClock()


class Window:
    """One client and what it has read."""

    def __init__(self, number: int, keys: list[str]) -> None:
        self.late: list[float] = []
        self.records = 0
        self.counting = False
        picked = np.random.default_rng(number).choice(len(keys), SYMBOLS, replace=False)
        self._keys = [keys[i] for i in picked]

    async def run(self, http: aiohttp.ClientSession, host: str, opened: asyncio.Semaphore) -> None:
        """Watch and read until cancelled."""
        async with http.ws_connect(f"ws://{host}/stream", origin=f"http://{host}", max_msg_size=0) as socket:
            await socket.send_str('{"op":"hello","v":1}')
            watch = {"op": "watch", "market": "sim", "keys": self._keys}
            await socket.send_str(msgspec.json.encode(watch).decode())
            opened.release()
            pinged = _clock.monotonic()
            async for message in socket:
                if message.type is aiohttp.WSMsgType.BINARY and self.counting:
                    stamp = _STAMP.unpack_from(message.data, 16)[0]
                    self.late.append(to_ns(_clock.now()) / 1e6 - stamp)
                    self.records += _COUNT.unpack_from(message.data, 4)[0]
                if _clock.monotonic() - pinged > 5:
                    pinged = _clock.monotonic()
                    await socket.send_str('{"op":"ping","t":0}')


async def stall(http: aiohttp.ClientSession, host: str, keys: list[str]) -> None:
    """A window that asks for 2,000 symbols at 60 Hz and then stops reading."""
    async with http.ws_connect(f"ws://{host}/stream", origin=f"http://{host}") as socket:
        await socket.send_str('{"op":"hello","v":1}')
        await socket.send_str('{"op":"rate","hz":60}')
        await socket.send_str(msgspec.json.encode({"op": "watch", "market": "sim", "keys": keys[:2_000]}).decode())
        connection = socket._response.connection
        if connection is not None and connection.transport is not None:
            connection.transport.pause_reading()
        await asyncio.Event().wait()


@asynccontextmanager
async def server(rate: int) -> AsyncIterator[tuple[str, psutil.Process]]:
    """A server process under that many ticks a second."""
    port = free_port()
    command = [sys.executable, "-m", "tests.bench.fanout_server", str(port), str(INSTRUMENTS), str(rate)]
    process = await asyncio.create_subprocess_exec(*command)
    try:
        for _ in range(200):
            await _clock.sleep(0.1)
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.close()
                break
            except OSError:
                continue
        yield f"127.0.0.1:{port}", psutil.Process(process.pid)
    finally:
        process.kill()
        await process.wait()


async def share(process: psutil.Process, seconds: float) -> float:
    """Per cent of one core the process uses meanwhile."""
    before, began = process.cpu_times(), _clock.monotonic()
    await _clock.sleep(seconds)
    after = process.cpu_times()
    used = after.user + after.system - before.user - before.system
    return 100.0 * float(used) / (_clock.monotonic() - began)


async def run(windows: int, rate: int, *, stalled: bool = False) -> str:
    """One row of the table."""
    keys = [i.key for i in options(INSTRUMENTS)]
    async with server(rate) as (host, process), aiohttp.ClientSession() as http:
        await _clock.sleep(1)
        alone = await share(process, 4)
        made = [Window(i, keys) for i in range(windows)]
        opened = asyncio.Semaphore(0)
        tasks = [asyncio.create_task(w.run(http, host, opened)) for w in made]
        for _ in made:
            await opened.acquire()
        if stalled:
            tasks.append(asyncio.create_task(stall(http, host, keys)))
        await _clock.sleep(2)
        memory = process.memory_info().rss / 1e6
        for window in made:
            window.counting = True
        busy = await share(process, SECONDS)
        for window in made:
            window.counting = False
        grown = process.memory_info().rss / 1e6
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    late = np.concatenate([np.array(w.late) for w in made])
    p50, p99, worst = np.percentile(late, [50, 99, 100])
    records = sum(w.records for w in made) / SECONDS
    name = f"{windows}{' + 1 that never reads' if stalled else ''}"
    return (
        f"| {name} | {rate:,} | {len(late) / SECONDS:,.0f} | {records:,.0f} | {p50:.2f} | {p99:.2f} | {worst:.1f} "
        f"| {alone:.1f} | {busy - alone:.1f} | {memory:.0f} → {grown:.0f} |"
    )


def main() -> None:
    """Print the table."""
    print(
        "| windows | universe ticks/s | frames/s | records/s | p50 ms | p99 ms | worst ms "
        "| feed + hub, % of a core | fan-out, % of a core | memory MB |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|")
    for windows, rate, stalled in ((1, 15_000, False), (10, 15_000, False), (100, 60_000, False), (100, 60_000, True)):
        print(asyncio.run(run(windows, rate, stalled=stalled)), flush=True)


if __name__ == "__main__":
    main()
