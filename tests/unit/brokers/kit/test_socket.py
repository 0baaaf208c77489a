"""A line that is mute, refused or dead is renewed, ever more patiently; what is refused for good says so."""

import asyncio

import pytest

from server.brokers.kit.http import Call
from server.brokers.kit.stream import Address, Socket
from server.core.clock import SystemClock
from server.core.errors import Invalid, Unauthorised, Unavailable
from tests.brokers.joined import Joined, eventually, joined


async def nothing(socket: Socket) -> None:
    """Nothing to say on a fresh line."""


def line(made: Joined, heard: list[bytes | str], silence: float) -> Socket:
    """A line to the fake's ticker."""

    async def address() -> Address:
        assert made.grant is not None
        key = made.fake.credentials()["api_key"]
        return Address(f"{made.fake.ws}/ws?api_key={key}&access_token={made.grant.access_token}")

    def hear(data: bytes | str, at: int) -> None:
        assert at > 0
        heard.append(data)
        if data == b"\xff\x00garbage":
            raise Invalid("garbage")

    return Socket(made.http, "test", address, nothing, hear, silence=silence)


async def test_line_when_mute_then_renewed_with_growing_patience_and_no_storm() -> None:
    async with joined("zerodha") as made:
        made.fake.stream_fault = "mute"
        heard: list[bytes | str] = []
        socket = line(made, heard, 0.05)
        task = asyncio.create_task(socket.run())
        await eventually(lambda: socket.connects >= 3)
        start, before = SystemClock().monotonic(), socket.connects
        await eventually(lambda: SystemClock().monotonic() > start + 1.0)
        assert socket.connects - before <= 3, "each fruitless life waits twice as long"
        made.fake.stream_fault = ""
        await eventually(lambda: bool(heard), 10.0)
        task.cancel()
        await asyncio.wait({task})
        assert not socket.up


async def test_line_when_refused_for_now_then_tried_again_and_for_good_then_unauthorised() -> None:
    async with joined("zerodha") as made:
        made.fake.refuse_sockets = True
        heard: list[bytes | str] = []
        socket = line(made, heard, 5.0)
        task = asyncio.create_task(socket.run())
        start = SystemClock().monotonic()
        await eventually(lambda: SystemClock().monotonic() > start + 0.3)
        assert socket.connects == 0 and not task.done()
        made.fake.refuse_sockets = False
        await eventually(lambda: bool(heard), 10.0)
        assert socket.silent_for < 5
        made.fake.expire()
        made.fake.cut()
        with pytest.raises(Unauthorised) as caught:
            await asyncio.wait_for(task, 10)
        assert "access" not in str(caught.value)


async def test_line_when_only_garbage_comes_then_counted_and_renewed() -> None:
    async with joined("zerodha") as made:
        heard: list[bytes | str] = []
        socket = line(made, heard, 5.0)
        task = asyncio.create_task(socket.run())
        await eventually(lambda: socket.up and bool(heard))
        before = socket.connects
        for _ in range(60):
            made.fake.push(made.fake.price_sockets, b"\xff\x00garbage")
        await eventually(lambda: socket.connects > before, 10.0)
        assert socket.unreadable >= 50
        task.cancel()
        await asyncio.wait({task})


async def test_line_when_the_broker_answers_calls_again_then_tried_at_once() -> None:
    funds = Call(name="funds", method="GET", path="/user/margins")
    async with joined("zerodha") as made:
        made.fake.refuse_sockets = True
        heard: list[bytes | str] = []
        socket = line(made, heard, 5.0)
        socket.first_wait = socket.most_wait = 600.0
        task = asyncio.create_task(socket.run())
        made.fake.faults.add("funds", "reset_before")
        with pytest.raises(Unavailable):
            await made.http.ask(funds)
        made.fake.refuse_sockets = False
        await made.http.ask(funds)
        await eventually(lambda: bool(heard), 10.0)
        assert socket.connects == 1
        task.cancel()
        await asyncio.wait({task})
