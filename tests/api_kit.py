"""The whole of Sauda in this process, asked over HTTP without a socket, on a clock that is moved by hand.

`Served` is the real composition (storage, simulated market, ledger, order path, API, guard) over a folder. It has an
event loop of its own that runs only while something is asked, so that plain test functions can share one.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import msgspec
import structlog

from server.api.security import Guard, own_hosts
from server.app.runtime import Runtime
from server.app.settings import Market, Paper, Server, Settings
from server.core.clock import ManualClock
from server.core.errors import Problem

__all__ = ("ACCOUNT", "Served", "order")

ACCOUNT = "paper-sim"
OPEN = datetime(2026, 11, 20, 3, 44, 50, tzinfo=UTC)
_HOST = "http://127.0.0.1:8420"
_TURN = 0.05
_PATIENCE = 0.25
"""Real seconds that disk and threads are given before this clock moves."""
_MOST_TURNS = 400


class Served:
    """Open it with `Served.open(folder)`, end it with `close()`.

    Market time begins ten seconds before shares trade; `advance` moves it. The paper broker answers at once.
    """

    def __init__(self, data: Path, **settings: Any) -> None:
        self.data = data
        self.settings = msgspec.structs.replace(
            Settings(
                market=Market(start="2026-11-20", history_days=0),
                paper=Paper(latency_ms=0),
                server=Server(open_browser=False),
            ),
            **settings,
        )
        self.clock = ManualClock(OPEN)
        self._loop = asyncio.Runner()
        self.runtime: Runtime
        self._http: httpx.AsyncClient

    @classmethod
    def open(cls, data: Path, *, trading: bool = True, **settings: Any) -> "Served":
        """Start; with `trading`, let the market come to its continuous session."""
        structlog.configure(logger_factory=structlog.ReturnLoggerFactory())
        self = cls(data, **settings)
        self._loop.run(self._start())
        if trading:
            self.advance(12)
        return self

    async def _start(self) -> None:
        self.runtime = await Runtime.open(self.data, self.settings, self.clock)
        await self.runtime.start()
        guard: Any = Guard(self.runtime.app(), own_hosts(8420), self.clock)
        self._http = httpx.AsyncClient(transport=httpx.ASGITransport(guard), base_url=_HOST)

    def close(self) -> None:
        """Stop as the program stops."""

        async def end() -> None:
            await self._http.aclose()
            await self.runtime.stop()

        self.run(end())
        self._loop.close()
        structlog.reset_defaults()

    def run(self, work: Awaitable[Any]) -> Any:
        """The result of `work`; this clock moves only while nothing else can."""

        async def finish() -> Any:
            task = asyncio.ensure_future(work)
            for _ in range(_MOST_TURNS):
                # threads (disk) answer in real time; what still waits then, waits for the clock
                done, _ = await asyncio.wait({task}, timeout=_PATIENCE)
                if done:
                    break
                await self.clock.advance(_TURN)
            return await task

        return self._loop.run(finish())

    def advance(self, seconds: float, step: float = 1.0) -> None:
        """Let time pass, in steps small enough for the market to keep up."""

        async def pass_time() -> None:
            left = seconds
            while left > 0:
                await self.clock.advance(min(step, left))
                left -= step

        self.run(pass_time())

    def until(self, question: Callable[[], object], most: int = 60) -> None:
        """Let seconds pass until the answer is yes; fails when it never is."""
        for _ in range(most):
            if question():
                return
            self.advance(0.5)
        raise AssertionError("it never came true")

    # asking

    def ask(self, method: str, path: str, body: object = None, **options: Any) -> httpx.Response:
        """One HTTP request as it is."""
        if body is not None:
            options["content"] = body if isinstance(body, bytes) else msgspec.json.encode(body)
            options.setdefault("headers", {"content-type": "application/json"})
        answer: httpx.Response = self.run(self._http.request(method, path, **options))
        return answer

    def get(self, path: str, status: int = 200, **query: Any) -> Any:
        """The JSON of a GET."""
        return self._json(self.ask("GET", path, params=query or None), status)

    def send(self, method: str, path: str, body: object = None, status: int = 200) -> Any:
        """The JSON of a request with a body."""
        return self._json(self.ask(method, path, body), status)

    def problem(self, method: str, path: str, body: object = None, status: int = 400) -> Problem:
        """The refusal of a request, in the one shape; fails on anything else."""
        answer = self.ask(method, path, body)
        assert answer.status_code == status, answer.text
        assert answer.headers["content-type"] == "application/problem+json"
        problem = msgspec.json.decode(answer.content, type=Problem, strict=True)
        assert problem.status == status
        assert problem.detail
        assert problem.code
        assert problem.correlation == answer.headers["x-correlation-id"]
        return problem

    def pages(self, path: str, limit: int, **query: Any) -> list[Any]:
        """All items of a list, read page by page."""
        found: list[Any] = []
        while True:
            page = self.get(path, limit=limit, **query)
            assert len(page["items"]) <= limit
            found += page["items"]
            if page["next"] is None:
                return found
            query["before"] = page["next"]

    def order(self, status: int = 201, **change: Any) -> Any:
        """Place an order (a market buy of one share unless told otherwise); the order."""
        return self.send("POST", "/api/v1/orders", order(**change), status)["order"]

    def _json(self, answer: httpx.Response, status: int) -> Any:
        assert answer.status_code == status, answer.text
        return msgspec.json.decode(answer.content)


def order(**change: Any) -> dict[str, Any]:
    """The body of a market buy of one share, with changes; a value of None leaves the field out."""
    body: dict[str, Any] = {
        "account": ACCOUNT,
        "key": "NSE:RELIANCE",
        "side": "BUY",
        "quantity": 1,
        "type": "MARKET",
        "product": "MIS",
        **change,
    }
    return {name: value for name, value in body.items() if value is not None}
