"""Option chains on the streams: computed while somebody looks, told when they cannot be shown."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from server.api.stream_connection import Connection
from tests.api_kit import Served
from tests.unit.api.stream_kit import MemoryWire

NIFTY, EXPIRY = "NSE_INDEX:NIFTY", "2026-12-01"


@pytest.fixture
def trading(tmp_path: Path) -> Any:
    """A Sauda with prices."""
    served = Served.open(tmp_path / "data")
    served.advance(5)
    yield served
    served.close()


@asynccontextmanager
async def connected(sauda: Served, *, script: bool = False) -> AsyncIterator[MemoryWire]:
    """A client on the app's stream or the scripts'."""
    wire, streams = MemoryWire(), sauda.runtime.streams

    def make(connection: Connection) -> Any:
        return streams.script(connection) if script else streams.app(connection)

    task = asyncio.create_task(streams.serve(wire, make))
    if not script:
        wire.inbox.put_nowait('{"op":"hello","v":1}')
    try:
        yield wire
    finally:
        wire.inbox.put_nowait(None)
        await asyncio.wait_for(task, 5)


async def pass_seconds(sauda: Served, seconds: int) -> None:
    for _ in range(seconds * 4):
        await sauda.clock.advance(0.25)
        await asyncio.sleep(0.01)  # the mathematics runs on a thread


def texts(wire: MemoryWire, kind: str) -> list[dict[str, Any]]:
    """Messages of one type so far."""
    found = (msgspec.json.decode(m) for m in wire.sent if isinstance(m, str))
    return [m for m in found if m.get("type") == kind]


def asked(**change: Any) -> str:
    chain = {"underlying": NIFTY, "expiry": EXPIRY, "strikes": 3, **change}
    return msgspec.json.encode({"op": "chains", "market": "sim", "chains": [chain]}).decode()


def test_chain_when_shown_then_its_figures_come_about_each_second_and_end_with_the_interest(trading: Served) -> None:
    async def story() -> None:
        async with connected(trading) as wire:
            wire.inbox.put_nowait(asked())
            await pass_seconds(trading, 6)
            found = texts(wire, "chain")
            assert 4 <= len(found) <= 9
            last = found[-1]
            assert (last["underlying"], last["expiry"], len(last["strikes"])) == (NIFTY, EXPIRY, 7)
            for side in ("ce", "pe"):
                assert {len(column) for column in last[side].values()} == {7}
                assert all(isinstance(value, float) for value in last[side]["iv"])
            assert last["t"] > found[0]["t"]
            wire.inbox.put_nowait('{"op":"chains","market":"sim","chains":[]}')
            await pass_seconds(trading, 2)
            count = len(texts(wire, "chain"))
            await pass_seconds(trading, 3)
            assert len(texts(wire, "chain")) == count
        assert trading.runtime.options.chains._watched == {}

    trading.run(story())


def test_chain_when_it_cannot_be_shown_then_a_problem_and_the_connection_goes_on(trading: Served) -> None:
    async def story() -> None:
        async with connected(trading) as wire:
            wire.inbox.put_nowait(asked(expiry="2026-11-19"))
            wire.inbox.put_nowait(asked(underlying="NSE_INDEX:NOPE"))
            await pass_seconds(trading, 1)
            codes = [problem["code"] for problem in texts(wire, "problem")]
            assert codes == ["chain.unknown", "underlying.unknown"]
            wire.inbox.put_nowait(asked())
            await pass_seconds(trading, 2)
            assert texts(wire, "chain")
            assert wire.closed is None

    trading.run(story())


def test_chain_when_two_look_then_it_is_computed_once(trading: Served) -> None:
    async def story() -> None:
        async with connected(trading) as one, connected(trading) as other:
            for wire in (one, other):
                wire.inbox.put_nowait(asked())
            await pass_seconds(trading, 3)
            before = trading.runtime.options.chains.times.figures()["n"]
            await pass_seconds(trading, 4)
            rounds = trading.runtime.options.chains.times.figures()["n"] - before  # type: ignore[operator]
            assert 1 <= rounds <= 5  # four seconds, one round each, however many look
            assert texts(one, "chain")
            assert texts(other, "chain")

    trading.run(story())


def test_chain_when_a_script_subscribes_then_it_comes_whole(trading: Served) -> None:
    async def story() -> None:
        async with connected(trading, script=True) as wire:
            channel = f"chain:{NIFTY}:{EXPIRY}"
            body = {"action": "subscribe", "channels": [channel, "chain:NOPE:2026-12-01", "chain:x:y"]}
            wire.inbox.put_nowait(msgspec.json.encode(body).decode())
            await pass_seconds(trading, 4)
            messages = [msgspec.json.decode(m) for m in wire.sent if isinstance(m, str)]
            reply = next(m for m in messages if m["channel"] == "reply")
            assert reply["data"]["channels"] == [channel]
            assert len(reply["data"]["unknown"]) == 2
            chains = [m["data"] for m in messages if m["channel"] == channel]
            assert chains
            assert len(chains[0]["strikes"]) > 40

    trading.run(story())
