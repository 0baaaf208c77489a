"""A running app with accounts at fake brokers, under the machine's clock moved into market hours."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import aiohttp
from yarl import URL

from server.app.runtime import Runtime
from server.app.settings import Market, Orders, Paper, Server, Settings
from server.core.clock import SystemClock
from tests.brokers.base import FakeBroker
from tests.brokers.fake import make

__all__ = ("ShiftedClock", "connect", "fake", "running", "until")

OPEN = datetime(2026, 11, 20, 4, 40, tzinfo=UTC)
"""Friday, 10:10 in India."""
SETTINGS = Settings(
    server=Server(mode="development"),
    market=Market(start="2026-11-20", history_days=0),
    paper=Paper(latency_ms=0),
    orders=Orders(timeout_s=0.6, reconcile_s=2.0),
)


class ShiftedClock(SystemClock):
    """The machine's clock, set to another day; seconds pass as they do."""

    def __init__(self, start: datetime = OPEN) -> None:
        self.shift: timedelta = start - super().now()

    def now(self) -> datetime:
        return super().now() + self.shift


async def until(question: Callable[[], object], seconds: float = 15.0) -> None:
    """Wait until the answer is yes; fails when it is not in time."""
    clock = SystemClock()
    end = clock.monotonic() + seconds
    while not question():
        assert clock.monotonic() < end, "it never came true"
        await clock.sleep(0.02)


@asynccontextmanager
async def fake(
    name: str, clock: SystemClock, redirect: str = "http://127.0.0.1:8420/connect/callback"
) -> AsyncIterator[FakeBroker]:
    """A fake broker that listens, its prices moving; `redirect` is what is registered with its keys."""
    broker = make(name, redirect=redirect)
    broker.clock = broker.exchange.clock = clock
    await broker.start()

    async def walk() -> None:
        up = True
        while True:
            await clock.sleep(0.1)
            price = "800.05" if up else "800.00"
            broker.exchange.market(broker.share, price, str(round(float(price) + 0.05, 2)), 100)
            broker.beat()
            up = not up

    task = asyncio.create_task(walk())
    try:
        yield broker
    finally:
        task.cancel()
        await asyncio.wait({task})
        await broker.stop()


@asynccontextmanager
async def running(folder: Path, clock: SystemClock) -> AsyncIterator[Runtime]:
    """The app, started."""
    runtime = await Runtime.open(folder, SETTINGS, clock)
    try:
        await runtime.start()
        yield runtime
    finally:
        await runtime.stop()


async def connect(runtime: Runtime, broker: FakeBroker, *, account: str = "") -> str:
    """Sign in as a user would: keys, the broker's login page, its button, the way back."""
    begun = await runtime.live.begin(
        broker.name, broker.name.title(), {} if account else broker.credentials(), dict(broker.base()), account
    )
    if begun.done:
        return begun.account
    async with aiohttp.ClientSession() as session:
        async with session.get(begun.url, allow_redirects=False) as page:
            text, place = await page.text(), page.headers.get("location", "")
        if place.startswith("https://127.0.0.1"):  # to Sauda's own certificate, which a browser's user accepts
            async with session.get(URL(place, encoded=True), ssl=False, allow_redirects=False) as back:
                answer = dict(parse_qsl(urlsplit(back.headers["location"]).query))
            return await runtime.live.finish(answer)
        params = text.split('name="params" value="')[1].split('"')[0].replace("&amp;", "&")
        async with session.post(begun.url, data={"params": params}, allow_redirects=False) as back:
            answer = dict(parse_qsl(urlsplit(back.headers["location"]).query))
    return await runtime.live.finish(answer)
