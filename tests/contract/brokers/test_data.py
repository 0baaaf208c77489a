"""Reading: master, quotes, history, books; and the session that lets one read."""

from datetime import timedelta
from decimal import Decimal

import msgspec
import pytest

from server.core.errors import SaudaError, Unauthorised
from tests.brokers.joined import eventually, sign_in
from tests.contract.brokers.harness import FakeHarness
from tests.trading import order

D = Decimal


async def test_master_when_loaded_then_every_instrument_by_its_canonical_key(faked: FakeHarness) -> None:
    symbols, listed = faked.made.symbols, faked.fake.exchange.instruments
    assert set(listed) == set(symbols.keys()), symbols.unmapped
    for key, theirs in listed.items():
        ours = symbols.of(key).instrument
        assert (ours.kind, ours.expiry, ours.strike, ours.right) == (
            theirs.kind,
            theirs.expiry,
            theirs.strike,
            theirs.right,
        )
        if theirs.tradable:
            assert (ours.lot, ours.tick, ours.unit) == (theirs.lot, theirs.tick, theirs.unit)
        listing = symbols.of(key)
        assert symbols.by_token(listing.token) is listing
        assert symbols.by_symbol(listing.exchange, listing.symbol) is listing


async def test_quotes_when_asked_for_all_then_each_has_its_own_price(faked: FakeHarness) -> None:
    exchange = faked.fake.exchange
    keys = [k for k, i in exchange.instruments.items() if faked.fake.quotes(i)]
    for number, key in enumerate(keys):
        tick = exchange.instruments[key].tick
        at = D(100) + number * tick * 20
        exchange.market(key, str(at), str(at + tick))
    found = await faked.made.connection.data.quotes([*keys, "NSE:NOTLISTED"])
    if "quotes" not in faked.made.adapter.manifest.calls:
        assert found == {}, "a broker without quotes tells none"
        return
    assert set(found) == set(keys)
    for number, key in enumerate(keys):
        quote = found[key]
        tick = exchange.instruments[key].tick
        at = D(100) + number * tick * 20
        if quote.bid is not None and quote.ask is not None:
            assert (quote.bid, quote.ask) == (at, at + tick)
        if quote.last is not None:
            assert quote.last == at
        assert quote.last is not None or quote.bid is not None


async def test_history_when_the_span_is_long_then_paged_and_in_order(faked: FakeHarness) -> None:
    facts = faked.made.adapter.manifest
    if not facts.history:
        pytest.skip("this broker serves no history")
    interval = "1d" if "1d" in facts.history else facts.history[-1]
    end = faked.made.clock.now()
    start = end - timedelta(days=30)
    bars = await faked.made.connection.data.history(faked.instrument.key, interval, start, end)
    assert bars
    starts = [bar.start for bar in bars]
    assert starts == sorted(set(starts))
    assert all(start <= at < end for at in starts)
    assert all(bar.low <= bar.open <= bar.high and bar.low <= bar.close <= bar.high for bar in bars)


async def test_positions_when_traded_then_in_full_with_prices(faked: FakeHarness) -> None:
    await faked.execution.place(order(faked.instrument, "BUY", 50, product="MIS"))
    await faked.settle()
    lines = [p for p in await faked.made.connection.data.positions() if p.kind == "net" and p.quantity]
    assert [line.quantity for line in lines] == [50 * faked.instrument.unit]
    if lines[0].average is not None:  # a wallet of coins tells no average
        assert lines[0].average == D("800.10")


async def test_funds_when_asked_then_what_may_be_used_follows_orders(faked: FakeHarness) -> None:
    before = await faked.execution.funds()
    await faked.execution.place(order(faked.instrument, "BUY", 50, "LIMIT", "799.00"))
    after = await faked.execution.funds()
    assert after.available_minor < before.available_minor
    (lines, *_) = await faked.made.connection.data.funds()
    assert lines.available is not None


async def test_holdings_when_asked_then_lines(faked: FakeHarness) -> None:
    assert isinstance(await faked.made.connection.data.holdings(), list)


async def test_ping_when_connected_then_seconds(faked: FakeHarness) -> None:
    assert 0 < await faked.made.connection.ping() < 1


async def test_usage_when_calls_were_made_then_logged_with_endpoint_and_latency(faked: FakeHarness) -> None:
    faked.made.used.clear()
    await faked.execution.place(order(faked.instrument, "BUY", 50, "LIMIT", "799.00"))
    (entry, *_) = [u for u in faked.made.used if u.call == "place"]
    assert (entry.broker, entry.status // 100, entry.account) == (faked.name, 2, "test")
    assert 0 < entry.seconds < 1


async def test_session_when_granted_then_its_end_is_known_as_the_manifest_says(faked: FakeHarness) -> None:
    grant = faked.made.grant
    assert grant is not None
    ends = faked.made.adapter.login.expires(grant)
    if faked.made.adapter.manifest.login.ends:
        assert ends is not None
        assert faked.made.clock.now() < ends
    assert grant.access_token not in repr(grant) or not grant.access_token


async def test_sign_in_when_a_key_is_wrong_then_refused_in_words(faked: FakeHarness) -> None:
    context = faked.made.context()
    wrong = {k: f"wrong{v}" if k in faked.made.secret_fields else v for k, v in context.credentials.items()}
    with pytest.raises(SaudaError) as caught:
        grant = await sign_in(faked.made.adapter, msgspec.structs.replace(context, credentials=wrong))
        trial = faked.made.adapter.connect(msgspec.structs.replace(context, credentials=wrong, session=grant))
        try:
            await trial.open()
            await trial.ping()
        finally:
            await trial.close()
    assert caught.value.detail
    assert not any(v and v in caught.value.detail for k, v in wrong.items() if k in faked.made.secret_fields)


async def test_sign_in_when_the_login_page_sends_nothing_back_then_refused(faked: FakeHarness) -> None:
    if faked.made.adapter.manifest.login.kind != "redirect":
        pytest.skip("no login page")
    with pytest.raises(SaudaError):
        await faked.made.adapter.login.finish(faked.made.context(), {"state": "x"})


async def test_login_page_when_asked_for_then_no_secret_in_its_address(faked: FakeHarness) -> None:
    step = faked.made.adapter.login.begin(faked.made.context(), "http://127.0.0.1:8420/connect/callback", "STATE42")
    for name, value in faked.fake.credentials().items():
        if name in faked.made.secret_fields:
            assert value not in step.url
    if step.kind == "redirect":
        assert "STATE42" in step.url


async def test_revoke_when_signed_out_then_calls_are_refused(faked: FakeHarness) -> None:
    await faked.made.adapter.login.revoke(faked.made.context(faked.made.grant))
    if faked.fake.revokes:
        with pytest.raises(Unauthorised):
            await faked.execution.orders()


async def test_stream_when_watching_then_each_tick_under_its_key(faked: FakeHarness) -> None:
    stream = faked.made.connection.stream
    assert stream is not None
    keys = [k for k, i in faked.fake.exchange.instruments.items() if faked.fake.quotes(i)][:4]
    seen: dict[str, list[Decimal]] = {}
    async with faked.streaming(seen):
        await stream.watch(keys, "full")
        await eventually(lambda: faked.fake.watching() >= len(keys))
        for number, key in enumerate(keys):
            faked.fake.exchange.market(key, str(D(100 + number)), str(D(101 + number)))
        await eventually(lambda: all(seen.get(k, [D(0)])[-1] == D(100 + n) for n, k in enumerate(keys)))
        assert set(seen) == set(keys)
        await stream.watch(keys[:1], "full")
        await eventually(lambda: faked.fake.watching() == 1)
        seen.clear()
        for key in keys:
            faked.fake.exchange.market(key, "140", "141")
        await eventually(lambda: D(140) in seen.get(keys[0], []))
        assert set(seen) == {keys[0]}


async def test_stream_when_cut_then_what_is_watched_comes_again(faked: FakeHarness) -> None:
    stream = faked.made.connection.stream
    assert stream is not None
    seen: dict[str, list[Decimal]] = {}
    key = faked.instrument.key
    async with faked.streaming(seen):
        await stream.watch([key], "full")
        await eventually(lambda: faked.fake.watching() == 1)
        faked.fake.cut()
        await eventually(lambda: faked.fake.watching() == 0)
        await eventually(lambda: faked.fake.watching() == 1, 10.0)
        faked.fake.exchange.market(key, "812", "813")
        await eventually(lambda: D(812) in seen.get(key, []))


async def test_stream_when_frames_are_garbage_then_it_goes_on(faked: FakeHarness) -> None:
    stream = faked.made.connection.stream
    assert stream is not None
    seen: dict[str, list[Decimal]] = {}
    key = faked.instrument.key
    async with faked.streaming(seen):
        await stream.watch([key], "full")
        await eventually(lambda: faked.fake.watching() == 1)
        faked.fake.stream_fault = "cut"
        faked.fake.exchange.market(key, "811", "812")
        faked.fake.stream_fault = "garbage"
        faked.fake.exchange.market(key, "812", "813")
        faked.fake.stream_fault = ""
        faked.fake.exchange.market(key, "813", "814")
        await eventually(lambda: D(813) in seen.get(key, []))
