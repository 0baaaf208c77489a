"""/stream: hello, maps, prices, events, heartbeats, and how a connection ends."""

import asyncio
from typing import Any

import numpy as np
import pytest

from server.domain.events import FundsChanged, Notice
from server.market.table import FRAME_HEADER, QUOTE_RECORD
from tests.unit.api.stream_kit import BOOT, Client, Desk
from tests.unit.market.kit import book, ticks

SHARE, CALL = "NSE:RELIANCE", "NFO:NIFTY01DEC2624500CE"


def notice(desk: Desk, text: str) -> int:
    return desk.bus.publish(Notice(at=desk.clock.now(), level="info", text=text))


def quotes(frames: list[bytes]) -> list[tuple[int, float]]:
    found: list[tuple[int, float]] = []
    for frame in frames:
        if frame[0] == 1:
            records: Any = np.frombuffer(frame, QUOTE_RECORD, offset=FRAME_HEADER.itemsize)
            found += zip(records["row"].tolist(), records["ltp"].tolist(), strict=True)
    return found


async def test_hello_when_first_then_welcome_says_where_things_stand() -> None:
    async with Desk.open() as desk:
        notice(desk, "before")
        client = await desk.app()
        welcome = await client.hello()
        assert {k: welcome[k] for k in ("v", "boot", "seq", "heartbeat", "resumed")} == {
            "v": 1,
            "boot": BOOT,
            "seq": 1,
            "heartbeat": 2.0,
            "resumed": False,
        }
        market = welcome["markets"][0]
        assert (market["id"], market["number"], market["day"], market["phase"]) == (
            "sim",
            3,
            "2026-11-20",
            "continuous",
        )
        assert market["market_time"] == "2026-11-20T03:45:00Z"
        assert client.texts("resync") == []


async def test_watch_when_asked_then_the_map_comes_before_its_rows_and_prices_follow_conflated() -> None:
    async with Desk.open() as desk:
        client = await desk.app()
        await client.hello()
        desk.market.hub.intake(ticks((1, 1, 100.0)))
        await client.say(op="watch", market="sim", keys=[SHARE, CALL, "NSE:NOBODY"])
        assert client.texts("map") == [
            {"type": "map", "market": "sim", "number": 3, "rows": {SHARE: 1, CALL: 2}, "unknown": ["NSE:NOBODY"]}
        ]
        assert client.frames() == []
        await desk.clock.advance(0.1)
        assert quotes(client.frames())[0] == (1, 100.0)
        for i in range(10):
            desk.market.hub.intake(ticks((1, 2 + i, 101.0 + i), (0, 2 + i, 24_000.0 + i)))
        await desk.clock.advance(0.1)
        assert quotes(client.frames())[2:] == [(1, 110.0)]


async def test_watch_when_the_market_is_not_there_then_number_0_and_no_close() -> None:
    async with Desk.open() as desk:
        client = await desk.app()
        await client.hello()
        await client.say(op="watch", market="replay", keys=[SHARE])
        assert client.texts("map")[0] | {} == {
            "type": "map",
            "market": "replay",
            "number": 0,
            "rows": {},
            "unknown": [SHARE],
        }
        assert client.wire.closed is None


async def test_market_when_it_goes_away_and_comes_back_then_old_views_end() -> None:
    async with Desk.open() as desk:
        client = await desk.app()
        await client.hello()
        await client.say(op="watch", market="sim", keys=[SHARE])
        await desk.clock.advance(0.1)
        del desk.markets["sim"]
        desk.market.hub.intake(ticks((1, 1, 100.0)))
        await desk.clock.advance(0.2)
        assert desk.market.hub.watches.wanted == 0
        assert len(client.frames()) == 1
        desk.markets["sim"] = desk.market
        await client.say(op="watch", market="sim", keys=[SHARE])
        await desk.clock.advance(0.1)
        assert quotes(client.frames())[-1] == (1, 100.0)


async def test_depth_and_bars_when_asked_then_frames_of_their_kind_come() -> None:
    async with Desk.open() as desk:
        await desk.feed.clock.advance(60)
        client = await desk.app()
        await client.hello()
        await client.say(op="depth", market="sim", keys=[SHARE])
        await client.say(op="bars", market="sim", series=[{"key": SHARE, "interval": "1m"}])
        desk.market.hub.intake(ticks((1, 1, 100.0), depth=book(1, 99.95, 100.05)))
        await desk.clock.advance(0.1)
        assert {f[0] for f in client.frames()} == {2, 3}


async def test_rate_when_changed_then_flushes_come_at_that_pace() -> None:
    async with Desk.open() as desk:
        client = await desk.app()
        await client.hello()
        await client.say(op="watch", market="sim", keys=[SHARE])
        await client.say(op="rate", hz=2)
        await desk.clock.advance(1)
        before = len(client.frames())
        for i in range(100):
            desk.market.hub.intake(ticks((1, i / 100, 100.0 + i)))
            await desk.clock.advance(0.02)
        assert 3 <= len(client.frames()) - before <= 5
        assert quotes(client.frames())[-1][1] >= 100.0 + 70


async def test_events_when_published_then_they_come_in_order_with_numbers_and_none_is_lost() -> None:
    async with Desk.open() as desk:
        client = await desk.app()
        await client.hello()
        for i in range(300):
            notice(desk, str(i))
        desk.bus.publish(FundsChanged(at=desk.clock.now(), account="paper-sim"))
        await desk.clock.advance(0)
        events = client.texts("event")
        assert [e["seq"] for e in events] == list(range(1, 302))
        assert [e["data"]["text"] for e in events[:300]] == [str(i) for i in range(300)]
        assert events[-1]["topic"] == "funds"
        assert events[-1]["data"]["account"] == "paper-sim"


async def test_events_when_a_handler_publishes_another_then_numbers_still_ascend() -> None:
    async with Desk.open() as desk:
        client = await desk.app()
        await client.hello()

        def answer(_: FundsChanged) -> None:
            notice(desk, "nested")

        desk.bus.subscribe(FundsChanged, answer)
        desk.bus.publish(FundsChanged(at=desk.clock.now(), account="a"))
        await desk.clock.advance(0)
        assert [(e["seq"], e["topic"]) for e in client.texts("event")] == [(1, "funds"), (2, "notice")]


async def test_hello_when_resumed_then_missed_events_come_once_and_new_ones_after() -> None:
    async with Desk.open() as desk:
        for i in range(5):
            notice(desk, str(i))
        client = await desk.app()
        welcome = await client.hello(since=2, boot=BOOT)
        assert welcome["resumed"] is True
        notice(desk, "new")
        await desk.clock.advance(0)
        assert [e["seq"] for e in client.texts("event")] == [3, 4, 5, 6]
        assert client.texts("resync") == []


@pytest.mark.parametrize(
    ("since", "boot", "reason"),
    [(2, "another", "started again"), (99, BOOT, "too much"), (2, None, "started again")],
)
async def test_hello_when_it_cannot_be_resumed_then_resync_with_the_reason(
    since: int, boot: str | None, reason: str
) -> None:
    async with Desk.open() as desk:
        for i in range(5):
            notice(desk, str(i))
        client = await desk.app()
        welcome = await client.hello(since=since, boot=boot)
        assert welcome["resumed"] is False
        assert reason in client.texts("resync")[0]["reason"]
        assert client.texts("event") == []


async def test_hello_when_more_was_missed_than_is_kept_then_resync() -> None:
    async with Desk.open() as desk:
        for i in range(2_500):
            notice(desk, str(i))
        client = await desk.app()
        assert (await client.hello(since=1, boot=BOOT))["resumed"] is False
        assert client.texts("resync")


async def test_heartbeat_when_two_seconds_pass_then_a_beat_says_how_markets_do() -> None:
    async with Desk.open() as desk:
        client = await desk.app()
        await client.hello()
        desk.market.hub.intake(ticks((1, 1, 100.0)))
        await desk.clock.advance(6.1)
        beats = client.texts("beat")
        assert len(beats) == 3
        market = beats[0]["markets"][0]
        assert market["id"] == "sim" and market["phase"] == "continuous"
        assert market["last_tick_age"] == pytest.approx(2.0, abs=0.1)


async def test_ping_when_sent_then_pong_returns_it() -> None:
    async with Desk.open() as desk:
        client = await desk.app()
        await client.hello()
        await client.say(op="ping", t=12345)
        pong = client.texts("pong")[0]
        assert pong["t"] == 12345
        assert pong["server"] == desk.clock.now().timestamp() * 1000


async def test_client_when_it_says_no_hello_then_closed_4408() -> None:
    async with Desk.open() as desk:
        client = await desk.app()
        await desk.clock.advance(4.9)
        assert not client.task.done()
        await desk.clock.advance(0.3)
        assert client.wire.closed == (4408, "no hello")


async def test_client_when_silent_for_30_seconds_then_closed_4408_and_a_ping_keeps_it() -> None:
    async with Desk.open() as desk:
        client = await desk.app()
        await client.hello()
        for _ in range(4):
            await desk.clock.advance(20)
            await client.say(op="ping", t=1)
        assert not client.task.done()
        await desk.clock.advance(31)
        assert client.wire.closed == (4408, "no ping")
        assert desk.server.stats().dropped == 1


async def test_client_when_it_stops_reading_then_only_it_is_dropped_and_others_get_everything() -> None:
    async with Desk.open() as desk:
        slow, good = await desk.app(), await desk.app()
        for client in (slow, good):
            await client.hello()
            await client.say(op="watch", market="sim", keys=[SHARE])
        await desk.clock.advance(0.1)
        slow.wire.blocked.set()
        had = len(slow.wire.sent)
        for i in range(12):
            desk.market.hub.intake(ticks((1, i, 100.0 + i)))
            notice(desk, str(i))
            await desk.clock.advance(1)
            await good.say(op="ping", t=i)
        assert slow.wire.closed == (4408, "you stopped reading")
        assert len(slow.wire.sent) == had
        assert [price for _, price in quotes(good.frames())][-12:] == [100.0 + i for i in range(12)]
        assert len(good.texts("event")) == 12
        assert desk.server.stats().clients == 1
        assert desk.market.hub.watches.wanted == 1


async def test_client_when_its_outbox_overflows_then_dropped_at_once() -> None:
    async with Desk.open() as desk:
        client = await desk.app()
        await client.hello()
        client.wire.blocked.set()
        for i in range(4_100):
            notice(desk, str(i))
        await desk.clock.advance(0)
        assert client.wire.closed == (4408, "you stopped reading")


async def test_client_when_it_goes_away_then_nothing_of_it_stays() -> None:
    async with Desk.open() as desk:
        client = await desk.app()
        await client.hello()
        await client.say(op="watch", market="sim", keys=[SHARE])
        await client.raw(None)
        assert client.task.done()
        assert client.wire.closed is None
        assert desk.server.stats().clients == 0
        assert desk.market.hub.watches.wanted == 0


async def test_events_when_prices_wait_too_then_events_go_first() -> None:
    async with Desk.open() as desk:
        client = await desk.app()
        await client.hello()
        await client.say(op="watch", market="sim", keys=[SHARE])
        desk.market.hub.intake(ticks((1, 1, 100.0)))
        client.wire.sent.clear()
        notice(desk, "filled")
        for connection in desk.server._connections:
            connection.flush()
        await desk.clock.advance(0)
        assert isinstance(client.wire.sent[0], str) and isinstance(client.wire.sent[1], bytes)


async def test_shutdown_when_the_part_is_cancelled_then_everybody_is_closed_with_1001() -> None:
    async with Desk.open() as desk:
        clients: list[Client] = [await desk.app(), await desk.script()]
        await clients[0].hello()
        await desk.server.close_all()
        assert [c.wire.closed for c in clients] == [(1001, "the server is going away")] * 2
        late = await desk.app()
        assert late.wire.closed == (1001, "the server is going away")


async def test_flush_when_it_fails_inside_then_that_connection_ends_and_the_server_lives(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with Desk.open() as desk:
        client = await desk.app()
        await client.hello()
        await client.say(op="watch", market="sim", keys=[SHARE])
        monkeypatch.setattr(
            "server.market.subscription.Subscription.collect", lambda *_: (_ for _ in ()).throw(ValueError("bug"))
        )
        desk.market.hub.intake(ticks((1, 1, 100.0)))
        await desk.clock.advance(0.2)
        assert client.wire.closed == (1011, "something failed here")
        other = await desk.app()
        assert (await other.hello())["type"] == "welcome"


async def test_connections_when_too_many_then_turned_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.api.stream._MOST_CONNECTIONS", 2)
    async with Desk.open() as desk:
        clients = [await desk.app() for _ in range(3)]
        assert clients[2].wire.closed == (4429, "too many connections")
        assert clients[1].wire.closed is None


@pytest.mark.parametrize(
    ("headers", "client", "app", "scripts"),
    [
        ({"host": "127.0.0.1:8420", "origin": "http://127.0.0.1:8420"}, "127.0.0.1", True, True),
        ({"host": "127.0.0.1:8420", "origin": "http://evil.example"}, "127.0.0.1", False, False),
        ({"host": "127.0.0.1:8420", "origin": "null"}, "127.0.0.1", False, False),
        ({"host": "127.0.0.1:8420", "origin": "http://127.0.0.1:9999"}, "127.0.0.1", False, False),
        ({"host": "evil.example:8420", "origin": "http://evil.example:8420"}, "127.0.0.1", False, False),
        ({"host": "127.0.0.1:8420"}, "127.0.0.1", False, True),
        ({"host": "127.0.0.1:8420"}, "::1", False, True),
        ({"host": "127.0.0.1:8420"}, "192.0.2.7", False, False),
        ({"host": "127.0.0.1:8420"}, "", False, False),
        ({}, "127.0.0.1", False, False),
    ],
)
async def test_handshake_when_host_or_origin_is_foreign_then_refused(
    headers: dict[str, str], client: str, app: bool, scripts: bool
) -> None:
    server = Desk().server
    assert server.admits(headers, client, scripts=False) is app
    assert server.admits(headers, client, scripts=True) is scripts


async def test_server_when_nobody_is_connected_then_its_loop_sleeps() -> None:
    async with Desk.open() as desk:
        assert desk.clock._sleepers == []
        await desk.app()
        await asyncio.sleep(0)
        assert len(desk.clock._sleepers) == 1
