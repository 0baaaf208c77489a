"""The streams over real sockets: the server's own traps (close codes, 1006, slow readers) are met here."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import msgspec
import pytest
from granian.constants import Interfaces
from granian.server.embed import Server
from litestar import Litestar

from server.api.stream import StreamServer, stream_handlers
from tests.process import free_port
from tests.unit.api.stream_kit import BOOT, Desk
from tests.unit.market.kit import ticks

SHARE = "NSE:RELIANCE"


@asynccontextmanager
async def served() -> AsyncIterator[tuple[Desk, str, aiohttp.ClientSession]]:
    """A desk behind a real port; its clock still only moves by hand."""
    desk, port = Desk(), free_port()
    hosts = frozenset({f"127.0.0.1:{port}"})
    desk.server = StreamServer(desk.markets, desk.bus, desk.clock, BOOT, hosts, desk.chains)
    app = Litestar(route_handlers=stream_handlers(desk.server), openapi_config=None)
    server = Server(app, address="127.0.0.1", port=port, interface=Interfaces.ASGI, log_enabled=False)
    running = asyncio.create_task(server.serve())
    part = asyncio.create_task(desk.server.run(lambda: None))
    async with aiohttp.ClientSession() as http:
        for _ in range(200):
            try:
                async with http.get(f"http://127.0.0.1:{port}/"):
                    break
            except aiohttp.ClientConnectorError:
                await asyncio.sleep(0.02)  # waiting for a real port to open
        try:
            yield desk, f"127.0.0.1:{port}", http
        finally:
            part.cancel()
            await asyncio.gather(part, return_exceptions=True)
            server.stop()  # type: ignore[no-untyped-call]
            await running


async def heard(socket: aiohttp.ClientWebSocketResponse, kind: str) -> dict[str, object]:
    while True:
        message = await socket.receive(timeout=5)
        assert message.type is aiohttp.WSMsgType.TEXT, message
        found: dict[str, object] = msgspec.json.decode(message.data)
        if kind in (found.get("type"), found.get("channel")):
            return found


async def test_stream_when_opened_from_our_page_then_frames_flow_and_a_bad_message_closes_with_4400() -> None:
    async with (
        served() as (desk, host, http),
        http.ws_connect(f"ws://{host}/stream", origin=f"http://{host}") as socket,
    ):
        await socket.send_str('{"op":"hello","v":1}')
        assert (await heard(socket, "welcome"))["boot"] == BOOT
        await socket.send_str(f'{{"op":"watch","market":"sim","keys":["{SHARE}"]}}')
        await heard(socket, "map")
        desk.market.hub.intake(ticks((1, 1, 100.0)))
        await desk.clock.advance(0.1)
        frame = await socket.receive(timeout=5)
        assert frame.type is aiohttp.WSMsgType.BINARY and len(frame.data) == 24 + 112
        await socket.send_str('{"op":"nonsense"}')
        assert (await heard(socket, "problem"))["code"] == "stream.message"
        closed = await socket.receive(timeout=5)
        assert closed.type is aiohttp.WSMsgType.CLOSE
        assert closed.data == 4400


@pytest.mark.parametrize("origin", ["http://evil.example", None])
async def test_stream_when_the_origin_is_not_ours_then_the_handshake_fails(origin: str | None) -> None:
    async with served() as (_, host, http):
        with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
            await http.ws_connect(f"ws://{host}/stream", origin=origin)
        assert caught.value.status == 403


async def test_scripts_when_no_origin_is_sent_from_this_machine_then_taken() -> None:
    async with served() as (_, host, http), http.ws_connect(f"ws://{host}/ws") as socket:
        await socket.send_str('{"action":"subscribe","channels":["orders"]}')
        assert (await heard(socket, "reply"))["data"] == {"action": "subscribe", "channels": ["orders"], "unknown": []}


async def test_scripts_when_the_host_is_foreign_then_refused() -> None:
    async with served() as (_, host, http):
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await http.ws_connect(f"ws://{host}/ws", headers={"Host": "evil.example"})


async def test_stream_when_the_server_goes_away_then_1001_reaches_the_client() -> None:
    async with (
        served() as (desk, host, http),
        http.ws_connect(f"ws://{host}/stream", origin=f"http://{host}") as socket,
    ):
        await socket.send_str('{"op":"hello","v":1}')
        await heard(socket, "welcome")
        await desk.server.close_all()
        closed = await socket.receive(timeout=5)
        assert (closed.type, closed.data) == (aiohttp.WSMsgType.CLOSE, 1001)
        assert desk.server.stats().clients == 0


async def test_stream_when_a_client_is_killed_then_its_views_end() -> None:
    async with served() as (desk, host, http):
        socket = await http.ws_connect(f"ws://{host}/stream", origin=f"http://{host}")
        await socket.send_str('{"op":"hello","v":1}')
        await heard(socket, "welcome")
        await socket.send_str(f'{{"op":"watch","market":"sim","keys":["{SHARE}"]}}')
        await heard(socket, "map")
        assert desk.market.hub.watches.wanted == 1
        assert socket._response.connection is not None and socket._response.connection.transport is not None
        socket._response.connection.transport.abort()
        for _ in range(200):
            if desk.server.stats().clients == 0:
                break
            await asyncio.sleep(0.02)  # the kernel tells the server in its own time
        assert desk.server.stats().clients == 0
        assert desk.market.hub.watches.wanted == 0


async def test_stream_when_a_client_stops_reading_then_it_is_cut_and_another_is_served() -> None:
    async with served() as (desk, host, http):
        slow = await http.ws_connect(f"ws://{host}/stream", origin=f"http://{host}")
        await slow.send_str('{"op":"hello","v":1}')
        await heard(slow, "welcome")
        assert slow._response.connection is not None and slow._response.connection.transport is not None
        slow._response.connection.transport.pause_reading()
        (connection,) = desk.server._connections
        for _ in range(2_000):
            connection.say("x" * 100_000)
            if connection.sending_since is not None and len(connection._outbox) > 50:
                break
            await asyncio.sleep(0)
        assert connection.sending_since is not None, "the kernel's buffers never filled"
        good = await http.ws_connect(f"ws://{host}/stream", origin=f"http://{host}")
        await good.send_str('{"op":"hello","v":1}')
        await heard(good, "welcome")
        for _ in range(100):
            if desk.server.stats().clients == 1:
                break
            # the kernel may still take a little, so the ten seconds count from its last gulp
            await desk.clock.advance(2.1)
            await heard(good, "beat")
            await good.send_str('{"op":"ping"}')
            await asyncio.sleep(0.02)
        assert desk.server.stats().clients == 1
        assert desk.server.stats().dropped == 1
        slow._response.connection.transport.resume_reading()
        while (await slow.receive(timeout=5)).type is aiohttp.WSMsgType.TEXT:
            pass  # what was under way; then the socket must have been cut, with or without a close frame
        assert slow.closed
        await good.close()
