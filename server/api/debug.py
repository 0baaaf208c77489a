"""Looking inside while developing. These addresses exist in development mode only; production does not know them."""

import asyncio
import sys
import threading
from collections import Counter
from typing import Annotated, Any

import msgspec
from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from server.api.context import Context
from server.api.health import PartWire, part_wires
from server.api.orders import OWNER
from server.api.wire import money
from server.core.errors import Denied, Invalid, Problem
from server.core.logs import correlation, recent
from server.domain.orders import Order, OrderRequest

__all__ = ("ROUTES",)

_EVERY = 0.005
_DEEPEST = 40
_DEPOSIT = 10_000_000  # paise
_SHARES = ("NSE:RELIANCE", "NSE:HDFCBANK", "NSE:INFY")


class DebugHealth(msgspec.Struct, frozen=True, kw_only=True):
    """What runs inside the process."""

    python: str
    threads: list[str]
    tasks: list[str]
    """Names of the tasks on the event loop."""
    parts: list[PartWire]
    journal: str
    """`ok`, or why it cannot be written."""
    events: int
    """Events published since the start."""


class DebugLogs(msgspec.Struct, frozen=True):
    """The last log entries, newest first, secrets scrubbed."""

    items: list[dict[str, Any]]


class Hot(msgspec.Struct, frozen=True):
    """A place in the program and how often it was seen at work."""

    place: str
    """file:line function"""
    alone: int
    """Samples in which it was the innermost place."""
    within: int
    """Samples in which it was anywhere on the stack."""


class Profile(msgspec.Struct, frozen=True):
    """Where the event loop's thread spent its time."""

    samples: int
    items: list[Hot]


class Mocked(msgspec.Struct, frozen=True):
    """What was put into the paper account."""

    deposited: str
    orders: list[Order]
    refused: list[Problem]


@get("/debug/health", tags=["Development"], summary="Threads, tasks, parts", sync_to_thread=False)
def debug_health(context: NamedDependency[Context]) -> DebugHealth:
    """More than /health says."""
    return DebugHealth(
        python=sys.version.split()[0],
        threads=sorted(thread.name for thread in threading.enumerate()),
        tasks=sorted(task.get_name() for task in asyncio.all_tasks(asyncio.get_running_loop())),
        parts=part_wires(context),
        journal="ok" if context.journal.healthy else context.orders.desk.halted or "failed",
        events=context.bus.sequence,
    )


@get("/debug/logs", tags=["Development"], summary="The last log entries", sync_to_thread=False)
def debug_logs(
    limit: Annotated[int, QueryParameter(ge=1, le=500, description="how many, newest first")] = 100,
) -> DebugLogs:
    """From memory; the files under `logs/` hold more."""
    return DebugLogs(list(recent)[::-1][:limit])


@get("/debug/profiler", tags=["Development"], summary="Where time goes")
async def debug_profiler(
    context: NamedDependency[Context],
    seconds: Annotated[float, QueryParameter(ge=0.1, le=30, description="how long to watch")] = 2.0,
) -> Profile:
    """Looks at the event loop's stack two hundred times a second; idle waiting is counted as such."""
    watcher = _Watcher(threading.get_ident())
    watcher.start()
    try:
        await context.clock.sleep(seconds)
    finally:
        watcher.end.set()
    await asyncio.to_thread(watcher.join)
    places = watcher.within.most_common(200)
    hot = sorted((Hot(p, watcher.alone[p], n) for p, n in places), key=lambda h: (-h.alone, -h.within))
    return Profile(watcher.samples, hot[:60])


@post("/test/mock-data", tags=["Development"], summary="Money and a few paper trades", status_code=200)
async def mock_data(context: NamedDependency[Context]) -> Mocked:
    """Pays one lakh in, buys three shares at market and leaves one limit order waiting, through the real order path;
    what the market or a limit refuses (outside trading hours, say) is listed."""
    account = next(iter(context.accounts))
    trace = correlation.get()
    await context.orders.move_funds(account, "deposit", _DEPOSIT, "Mock data", actor=OWNER, correlation=trace)
    placed, refused = [], []
    for request in _requests(context, account):
        try:
            placed.append((await context.orders.place(request, actor=OWNER, correlation=trace)).order)
        except (Invalid, Denied) as error:
            refused.append(error.problem(trace))
    return Mocked(money(_DEPOSIT), placed, refused)


def _requests(context: Context, account: str) -> list[OrderRequest]:
    asked = [
        OrderRequest(account=account, key=key, side="BUY", quantity=10, type="MARKET", product="MIS", tag="mock")
        for key in _SHARES
    ]
    market = context.market(context.accounts[account].market)
    quote = market.quote(_SHARES[0])
    if quote is not None:
        tick = market.catalogue.get(_SHARES[0]).tick
        below = quote.ltp * 97 // (100 * tick) * tick
        asked.append(msgspec.structs.replace(asked[0], type="LIMIT", price=below))
    return asked


class _Watcher(threading.Thread):
    """Samples one thread's stack until told to end."""

    def __init__(self, thread: int) -> None:
        super().__init__(name="profiler", daemon=True)
        self.end = threading.Event()
        self.samples = 0
        self.alone: Counter[str] = Counter()
        self.within: Counter[str] = Counter()
        self._thread = thread

    def run(self) -> None:
        while not self.end.wait(_EVERY):
            frame = sys._current_frames().get(self._thread)
            places: list[str] = []
            while frame is not None and len(places) < _DEEPEST:
                code = frame.f_code
                places.append(f"{code.co_filename}:{frame.f_lineno} {code.co_name}")
                frame = frame.f_back
            if places:
                self.samples += 1
                self.alone[places[0]] += 1
                self.within.update(set(places))


ROUTES = (debug_health, debug_logs, debug_profiler, mock_data)
