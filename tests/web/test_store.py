"""The store's answers: what is fresh, what an order is now, what the day has brought. No DOM, no server."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.web.modules import Call, caller

LIVE = {"state": "live", "reason": "", "heard": 100_000, "heartbeat": 2000}
NOW = 100_000


@pytest.fixture(scope="module")
def call(module_stage: Callable[..., Page]) -> Iterator[Call]:
    yield caller(module_stage("blank.html"))


def judge(call: Call, *, age: float, phase: str = "continuous", state: str = "running", **changes: Any) -> Any:
    quote = {"ltp": 100, "seen": NOW - age * 1000, "flags": 0, "restored": False, **changes.pop("quote", {})}
    link = {**LIVE, **changes.pop("link", {})}
    market = {"phase": phase, "state": state}
    body = f"const f = m.freshness(a.quote, {{ link: a.link }}, a.market, {NOW}); return [f.level, f.cause]"
    return call("store/freshness.js", body, {"quote": quote, "link": link, "market": market})


@pytest.mark.parametrize(
    ("age", "level"), [(0, "fresh"), (1.9, "fresh"), (2.5, "ageing"), (5, "ageing"), (5.1, "stale")]
)
def test_price_when_it_ages_in_session_then_greyed_after_five_seconds(call: Call, age: float, level: str) -> None:
    assert judge(call, age=age)[0] == level


@pytest.mark.parametrize("phase", ["closed", "post_close"])
def test_price_when_the_market_is_closed_then_closed_and_not_stale(call: Call, phase: str) -> None:
    assert judge(call, age=900, phase=phase) == ["closed", ""]


def test_price_when_the_server_is_silent_then_stale_however_young(call: Call) -> None:
    assert judge(call, age=0.1, link={"heard": NOW - 6001}) == ["stale", "down"]
    assert judge(call, age=0.1, link={"state": "down"}) == ["stale", "down"]


def test_price_when_restored_then_stale(call: Call) -> None:
    assert judge(call, age=0.1, quote={"restored": True}) == ["stale", "restored"]


def test_price_when_the_market_is_paused_then_says_so(call: Call) -> None:
    assert judge(call, age=30, state="paused") == ["stale", "paused"]


def test_price_when_the_server_flags_it_then_believed(call: Call) -> None:
    assert judge(call, age=0.1, quote={"flags": 1})[0] == "stale"
    assert judge(call, age=60, quote={"flags": 2})[0] == "closed"


def test_price_when_there_is_none_then_none(call: Call) -> None:
    assert judge(call, age=0, quote={"ltp": None})[0] == "none"


def order(**changes: Any) -> dict[str, Any]:
    base = {"id": "1", "account": "p", "state": "OPEN", "filled": 0, "updated": "2026-11-20T07:00:00Z", "created": "a"}
    return {**base, **changes}


def test_order_when_an_older_state_comes_late_then_kept_as_it_is(call: Call) -> None:
    body = "return m.withOrder(new Map([[a[0].id, a[0]]]), a[1]).get('1').state"
    late = [order(state="FILLED", updated="2026-11-20T07:00:02Z"), order(state="OPEN")]
    assert call("store/reducers.js", body, late) == "FILLED"


def test_order_when_two_states_share_a_moment_then_the_fuller_one_wins(call: Call) -> None:
    body = "return m.withOrder(new Map([[a[0].id, a[0]]]), a[1]).get('1').filled"
    assert call("store/reducers.js", body, [order(filled=50), order(filled=20)]) == 50


def test_orders_when_read_again_then_what_the_stream_brought_further_stays(call: Call) -> None:
    body = """const known = new Map(a.known.map((o) => [o.id, o]));
      return [...m.withOrders(known, a.read, 'p').values()].map((o) => [o.id, o.state]).sort()"""
    known = [order(state="FILLED", updated="2026-11-20T07:00:05Z"), order(id="2"), order(id="9", account="other")]
    assert call("store/reducers.js", body, {"known": known, "read": [order()]}) == [["1", "FILLED"], ["2", "OPEN"]]


QUOTE = {"ltp": 1, "bid": None, "ask": None, "marketMs": 5, "flags": 0}


def test_quote_when_a_replayed_record_is_older_then_dropped(call: Call) -> None:
    body = """const book = new m.QuoteBook(); book.put('A', { ...a, ltp: 7, marketMs: 9 }, 1000);
      book.put('A', { ...a, ltp: 6, marketMs: 5 }, 500); return book.get('A').ltp"""
    assert call("store/quotes.js", body, QUOTE) == 7


def test_quote_when_restored_then_replaced_by_the_first_live_one(call: Call) -> None:
    body = """const book = new m.QuoteBook();
      book.restore([{ ...a, key: 'A', seen: -3000 }], 10_000);
      const before = { ...book.get('A') };
      book.put('A', { ...a, ltp: 2 }, 20_000);
      return [before.restored, before.seen, book.get('A').restored, book.get('A').ltp]"""
    assert call("store/quotes.js", body, QUOTE) == [True, 7000, False, 2]


def world(call: Call, body: str, argument: Any = None) -> Any:
    """A store with one account in one market; `store` and `s` (selectors) are at hand."""
    made = """const { createStore } = await import('/web/store/store.js');
      const s = m; const clock = { now: 1000 };
      const store = createStore({ schedule: (run) => run(), now: () => clock.now });
      store.set('session', { accounts: [{ id: 'p', market: 'sim' }], markets: [] });
      store.set('account', 'p');
      store.set('link', { state: 'live', reason: '', heard: 1000, heartbeat: 2000 });
      const sim = { id: 'sim', state: 'running', phase: 'continuous', speed: 10, ms: 5_000_000, at: 1000, tickAge: 0 };
      store.set('markets', { sim });
    """
    return call("store/selectors.js", made + body, argument)


def test_market_time_when_the_clock_runs_then_moves_at_its_speed(call: Call) -> None:
    assert world(call, "clock.now = 3000; return s.marketMs(store)") == 5_020_000


def test_market_time_when_paused_or_silent_then_stands(call: Call) -> None:
    assert world(call, "clock.now = 90_000; return s.marketMs(store)") == 5_000_000
    body = "store.state.markets.sim.state = 'paused'; clock.now = 2000; return s.marketMs(store)"
    assert world(call, body) == 5_000_000


def test_day_profit_when_prices_move_then_moves_by_what_is_held(call: Call) -> None:
    body = """const pnl = { day: '100.00', realised: '40.00', unrealised: '80.00', charges: '20.00' };
      store.set('overview', { pnl });
      store.set('positions', [{ key: 'A', quantity: -65 }]); store.set('marks', new Map([['A', 10]]));
      store.quotes.put('A', { ltp: 9 }, 900);
      const now = s.dayProfit(store); return [now.day, now.open, now.realised, now.charges]"""
    assert world(call, body) == [165, 145, 40, 20]


def test_day_profit_when_nothing_is_known_then_none(call: Call) -> None:
    assert world(call, "return s.dayProfit(store)") is None


def test_position_when_the_price_moves_then_the_server_figure_moves_along(call: Call) -> None:
    body = """store.quotes.put('A', { ltp: 12 }, 900);
      const held = { key: 'A', quantity: 10, average: '9.5', ltp: '10', mtm: '5', realised: '3.00', charges: '1.00' };
      const p = s.positionNow(store, held);
      return [p.open, p.total, p.value]"""
    assert world(call, body) == [25, 28, 120]


def test_order_book_when_sorted_then_unknown_stands_on_top(call: Call) -> None:
    body = """store.set('orders', new Map(a.map((o) => [o.id, o]))); const book = s.orderBook(store);
      return [book.unknown.map((o) => o.id), book.open.map((o) => o.id), book.done.map((o) => o.id)]"""
    orders = [
        order(id="old", created="1"),
        order(id="new", created="2"),
        order(id="lost", state="UNKNOWN"),
        order(id="gone", state="CANCELLED"),
        order(id="foreign", account="x"),
    ]
    assert world(call, body, [{**o, "account": "p" if o["account"] == "p" else "x"} for o in orders]) == [
        ["lost"],
        ["new", "old"],
        ["gone"],
    ]


def test_listener_when_many_changes_come_then_told_once_with_the_keys(call: Call) -> None:
    body = """const { createStore } = m; const runs = []; const told = [];
      const store = createStore({ schedule: (run) => runs.push(run), now: () => 0 });
      store.on(['quotes', 'orders'], (changed, keys) => told.push([[...changed].sort(), [...keys].sort()]));
      store.quotes.put('A', {}, 0); store.touch('quotes'); store.quotes.put('B', {}, 0); store.touch('quotes');
      store.set('orders', new Map()); store.set('funds', null);
      runs.forEach((run) => run()); return [runs.length, told]"""
    assert call("store/store.js", body) == [1, [[["funds", "orders", "quotes"], ["A", "B"]]]]


ACCOUNTS = [
    {"id": "kite", "mode": "LIVE", "market": "live-in"},
    {"id": "upstox", "mode": "LIVE", "market": "live-in"},
    {"id": "alpaca", "mode": "LIVE", "market": "live-world"},
    {"id": "paper", "mode": "PAPER", "market": "live-in"},
]


def routed(call: Call, account: str, **changes: Any) -> Any:
    session = {"accounts": ACCOUNTS, "order_routes": {"NFO": "upstox", "NSE": "alpaca", "BSE": "paper"}}
    state = {"session": session, "account": account, "positions": [], "holdings": [], **changes.pop("state", {})}
    body = """const state = { ...a.state, orders: new Map(a.orders.map((one) => [one.id, one])) };
    return m.routeOf({ state }, a.key)?.id ?? null"""
    asked = {"key": changes.pop("key", "NFO:X"), "orders": changes.pop("orders", []), "state": state}
    return call("store/selectors.js", body, asked)


def test_ticket_when_its_segment_has_a_rule_then_it_begins_there_but_never_from_paper_or_to_another_market(
    call: Call,
) -> None:
    assert routed(call, "kite") == "upstox"
    assert routed(call, "upstox") is None
    assert routed(call, "paper") is None
    assert routed(call, "alpaca") is None
    assert routed(call, "kite", key="NSE:SBIN") is None
    assert routed(call, "kite", key="BSE:SBIN") is None
    assert routed(call, "kite", key="MCX:GOLD") is None


def test_ticket_when_the_instrument_is_held_or_ordered_here_then_it_stays_here(call: Call) -> None:
    assert routed(call, "kite", state={"positions": [{"key": "NFO:X", "quantity": 65}]}) is None
    assert routed(call, "kite", state={"positions": [{"key": "NFO:X", "quantity": 0}]}) == "upstox"
    working = {"id": "1", "account": "kite", "key": "NFO:X", "state": "OPEN"}
    assert routed(call, "kite", orders=[working]) is None
    assert routed(call, "kite", orders=[{**working, "account": "upstox"}]) == "upstox"


def test_order_in_doubt_when_another_account_is_looked_at_then_it_is_still_told(call: Call) -> None:
    body = """const orders = new Map(a.map((one) => [one.id, one]));
    const read = m.withOrders(orders, [], 'kite');
    const s = await import('/web/store/selectors.js');
    const told = s.doubtElsewhere({ state: { orders: read, account: 'kite' } });
    return [[...read.keys()], told, [...m.withDoubt(read, [], 'alpaca').keys()]]"""
    orders = [
        {"id": "1", "account": "alpaca", "state": "UNKNOWN"},
        {"id": "2", "account": "alpaca", "state": "OPEN"},
        {"id": "3", "account": "kite", "state": "UNKNOWN"},
    ]
    kept, told, after = call("store/reducers.js", body, orders)
    assert kept == ["1", "3"]
    assert told == [{"account": "alpaca", "count": 1}]
    assert after == ["3"]


def test_kept_chains_when_read_then_newest_first_three_at_most_and_found_by_key_or_name(call: Call) -> None:
    body = """const state = { keptChains: [] };
      const store = { update: (name, change) => { state[name] = change(state[name]); } };
      const cell = { ltp: '5.00', bid: null, ask: '5.10', bid_qty: 0, ask_qty: 65, close: '4.00', volume: 1, oi: 2 };
      const chain = (name, expiry, age) => ({ market: 'sim', underlying: `NSE_INDEX:${name}`, name, expiry, age,
        at: '2026-11-20T05:00:00Z', rows: [{ strike: '100', ce: { ...cell, age: 3, key: `${name}C` }, pe: null }] });
      for (const [name, expiry] of a) m.keepChain(store, chain(name, expiry, 2), 10_000);
      const kept = state.keptChains;
      const found = (underlying, expiry) => m.keptChain(kept, 'sim', underlying, expiry)?.chain.expiry ?? null;
      const [quote] = m.keptQuotes(kept[0].chain, 60_000);
      return [kept.map((one) => one.chain.name + one.chain.expiry), kept[0].at,
        found('NIFTY', ''), found('NSE_INDEX:NIFTY', 'd1'), found('NIFTY', 'd9'),
        m.keptChain(kept, 'replay-1', 'NIFTY', ''), quote.seen, quote.bid, quote.ask, quote.restored]"""
    read = [["NIFTY", "d1"], ["BANKNIFTY", "d1"], ["NIFTY", "d2"], ["FINNIFTY", "d1"], ["NIFTY", "d2"]]
    kept, at, *found = call("store/keptchains.js", body, read)
    assert kept == ["NIFTYd2", "FINNIFTYd1", "BANKNIFTYd1"]
    assert (at, found) == (8_000, ["d2", None, None, None, 57_000, None, 5.1, True])
