"""/ws: channels in, one JSON object a message out."""

from server.domain.events import FundsChanged, Notice
from tests.unit.api.stream_kit import Desk
from tests.unit.market.kit import book, ticks

SHARE = "NSE:RELIANCE"


async def test_subscribe_when_channels_exist_then_reply_and_data() -> None:
    async with Desk.open() as desk:
        await desk.feed.clock.advance(60)
        script = await desk.script()
        channels = [f"quotes:{SHARE}", f"depth:{SHARE}", f"bars:1m:{SHARE}", "notices", "quotes:NSE:NOBODY", "gossip"]
        await script.say(action="subscribe", channels=channels)
        reply = script.texts("reply")[0]["data"]
        assert reply == {
            "action": "subscribe",
            "channels": channels[:4],
            "unknown": ["quotes:NSE:NOBODY", "gossip"],
        }
        desk.market.hub.intake(ticks((1, 1, 100.05), (1, 2, 100.1), volume=[1, 2], depth=book(1, 100.0, 100.15)))
        desk.bus.publish(Notice(at=desk.clock.now(), level="info", text="hello"))
        desk.bus.publish(FundsChanged(at=desk.clock.now(), account="a"))
        await desk.clock.advance(0.3)
        quote = script.texts(f"quotes:{SHARE}")[-1]["data"]
        assert (quote["key"], quote["ltp"], quote["bid"], quote["volume"]) == (SHARE, "100.1", "100.05", 2)
        depth = script.texts(f"depth:{SHARE}")[-1]["data"]
        assert depth["bids"][0] == ["100.0", 65]
        bar = script.texts(f"bars:1m:{SHARE}")[-1]["data"]
        assert (bar["o"], bar["h"], bar["c"], bar["v"]) == (100.05, 100.1, 100.1, 2.0)
        assert bar["t"] == 1_795_146_300_000
        assert [m["data"]["text"] for m in script.texts("notices")] == ["hello"]
        assert script.texts("notices")[0]["seq"] == 1
        assert script.texts("funds") == []


async def test_unsubscribe_when_asked_then_silence() -> None:
    async with Desk.open() as desk:
        script = await desk.script()
        await script.say(action="subscribe", channels=[f"quotes:{SHARE}", "notices"])
        await script.say(action="unsubscribe", channels=[f"quotes:{SHARE}", "notices"])
        await desk.clock.advance(0.3)
        before = len(script.texts(f"quotes:{SHARE}"))
        desk.market.hub.intake(ticks((1, 1, 100.0)))
        desk.bus.publish(Notice(at=desk.clock.now(), level="info", text="hello"))
        await desk.clock.advance(0.5)
        assert len(script.texts(f"quotes:{SHARE}")) == before
        assert script.texts("notices") == []
        assert desk.market.hub.watches.wanted == 0


async def test_subscribe_when_the_market_is_named_then_that_one_and_an_absent_one_is_unknown() -> None:
    async with Desk.open() as desk:
        script = await desk.script()
        await script.say(action="subscribe", channels=[f"quotes:{SHARE}"], market="replay")
        assert script.texts("reply")[0]["data"]["unknown"] == [f"quotes:{SHARE}"]
        await script.say(action="subscribe", channels=[f"quotes:{SHARE}"], market="sim")
        assert script.texts("reply")[1]["data"]["channels"] == [f"quotes:{SHARE}"]


async def test_script_when_it_only_listens_then_it_is_not_closed_and_hears_beats() -> None:
    async with Desk.open() as desk:
        script = await desk.script()
        await desk.clock.advance(61)
        assert not script.task.done()
        assert len(script.texts("beat")) == 30
        assert script.texts("beat")[0]["data"]["markets"][0]["id"] == "sim"


async def test_rate_when_slowed_then_prices_come_at_that_pace() -> None:
    async with Desk.open() as desk:
        script = await desk.script()
        await script.say(action="subscribe", channels=[f"quotes:{SHARE}"], hz=1)
        for i in range(100):
            desk.market.hub.intake(ticks((1, i / 100, 100.0 + i)))
            await desk.clock.advance(0.05)
        assert 4 <= len(script.texts(f"quotes:{SHARE}")) <= 7
