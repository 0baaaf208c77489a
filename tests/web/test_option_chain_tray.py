"""The tray: one leg an instrument, lots added and taken off, a basket out of it, and the bar that sends it once."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.web.modules import Call, caller
from tests.web.touch import until

STAGE = "const s = await import('/stage/options.js');"


@pytest.fixture(scope="module")
def call(module_stage: Callable[..., Page]) -> Iterator[Call]:
    yield caller(module_stage("options.html"))


def legs(call: Call, steps: list[list[Any]]) -> Any:
    body = """let tray = { market: 'sim', underlying: 'U', legs: [] };
      for (const [key, side, lots, price] of a) tray = m.withLeg(tray, { key, side, lots, price: price ?? null });
      return tray.legs.map((leg) => [leg.key, leg.side, leg.lots, leg.price])"""
    return call("store/tray.js", body, steps)


@pytest.mark.parametrize(
    ("steps", "left"),
    [
        ([["A", "BUY", 1], ["A", "BUY", 2]], [["A", "BUY", 3, None]]),
        ([["A", "BUY", 3], ["A", "SELL", 1]], [["A", "BUY", 2, None]]),
        ([["A", "BUY", 1], ["A", "SELL", 1]], []),
        ([["A", "BUY", 1], ["A", "SELL", 3]], [["A", "SELL", 2, None]]),
        ([["A", "BUY", 1, "10.00"], ["A", "BUY", 1]], [["A", "BUY", 2, "10.00"]]),
        ([["A", "BUY", 0], ["A", "BUY", -1], ["A", "BUY", 1.5], ["A", "BUY", None]], []),
        ([["A", "BUY", 5000]], [["A", "BUY", 999, None]]),
        ([[str(i), "BUY", 1] for i in range(25)], [[str(i), "BUY", 1, None] for i in range(20)]),
    ],
    ids=["adds", "takes off", "gone", "turns round", "keeps its limit", "no such lots", "most lots", "most legs"],
)
def test_leg_when_added_then_the_net_is_kept(call: Call, steps: list[list[Any]], left: list[list[Any]]) -> None:
    assert legs(call, steps) == left


QUOTES: dict[str, dict[str, float | None]] = {
    "A": {"ltp": 100, "bid": 99, "ask": 101},
    "B": {"ltp": 50, "bid": None, "ask": None},
    "C": {"ltp": None, "bid": None, "ask": None},
}


@pytest.mark.parametrize(
    ("legs_", "net"),
    [
        ([["A", "BUY", 1, None]], 65 * 101),
        ([["A", "SELL", 2, None]], -2 * 65 * 99),
        ([["A", "SELL", 1, None], ["B", "BUY", 1, None]], 65 * (50 - 99)),
        ([["A", "BUY", 1, "90.5"]], 65 * 90.5),
        ([["A", "BUY", 1, None], ["C", "BUY", 1, None]], None),
        ([["A", "BUY", 1, "abc"]], None),
        ([["X", "BUY", 1, None]], None),
    ],
    ids=["ask", "bid", "last where unquoted", "limit", "no price", "no number", "unknown"],
)
def test_premium_when_counted_then_at_the_side_that_would_trade(
    call: Call, legs_: list[list[Any]], net: float | None
) -> None:
    body = """const legs = a.legs.map(([key, side, lots, price]) => ({ key, side, lots, price }));
      return m.netPremium({ market: '', underlying: '', legs }, (key) => a.quotes[key],
        (key) => (key === 'X' ? undefined : { lot: 65 }))"""
    assert call("store/tray.js", body, {"legs": legs_, "quotes": QUOTES}) == net


def test_tray_when_another_market_is_open_then_it_is_empty(call: Call) -> None:
    body = (
        STAGE
        + """const { store } = s.makeCtx(); m.addLeg(store, 'U', { key: 'A', side: 'BUY' });
      const here = m.trayOf(store).legs.length;
      store.set('session', { accounts: [{ id: 'paper-sim', market: 'replay', mode: 'PAPER' }], markets: [] });
      store.set('markets', { ...store.state.markets, replay: { ...store.state.markets.sim, id: 'replay' } });
      return [here, m.trayOf(store).legs.length]"""
    )
    assert call("store/tray.js", body) == [1, 0]


def test_tray_when_a_leg_of_another_underlying_comes_then_the_old_legs_go(call: Call) -> None:
    body = (
        STAGE
        + """const { store } = s.makeCtx(); m.addLeg(store, 'U', { key: 'A', side: 'BUY' });
      m.addLeg(store, 'V', { key: 'B', side: 'SELL' });
      const tray = m.trayOf(store); return [tray.underlying, tray.legs.map((leg) => leg.key)]"""
    )
    assert call("store/tray.js", body) == ["V", ["B"]]


BAR = (
    STAGE
    + """
const tray = await import('/web/store/tray.js');
const made = s.makeCtx(); const { ctx, store, at, noted, learn, answers } = made;
const one = s.chain(5); learn(one); window.made = made; window.tray = tray;
for (const row of one.rows) for (const cell of [row.ce, row.pe]) store.quotes.put(cell.key, s.fields(100), at.now);
const bar = m.createTrayBar(ctx); document.getElementById('root').replaceChildren(bar.el);
const sent = () => noted.filter(([name]) => name === 'sendBasket');
const settle = async () => { for (let i = 0; i < 5; i += 1) await s.frames(); };
"""
)


def bar(page: Page, body: str, argument: Any = None) -> Any:
    return caller(page)("views/options/traybar.js", BAR + body, argument)


def test_bar_when_legs_are_picked_then_premium_and_margin_stand(stage: Callable[..., Page]) -> None:
    page = stage("options.html", "phone")
    bar(page, "tray.addLeg(store, one.underlying, { key: 'NFO:24500CE', side: 'SELL', lots: 2 });")
    until(page, "document.querySelector('.tray-margin')?.textContent === 'Margin \u20b948,220'")
    assert page.locator(".tray-title").text_content() == "1 leg"
    assert page.locator(".tray-net").text_content() == "Get \u20b912,987"
    assert page.locator(".tray .primary").text_content() == "Send 1 order on paper"


def test_bar_when_sent_then_one_basket_goes_out_and_the_tray_is_empty(stage: Callable[..., Page]) -> None:
    page = stage("options.html", "phone")
    bar(
        page,
        """tray.addLeg(store, one.underlying, { key: 'NFO:24500CE', side: 'SELL', lots: 2 });
        tray.addLeg(store, one.underlying, { key: 'NFO:24550CE', side: 'BUY', price: '12.50' });""",
    )
    send = page.locator(".tray .primary")
    until(page, "document.querySelector('.tray .primary')?.textContent === 'Send 2 orders on paper'")
    send.dblclick()
    until(page, "document.querySelector('.tray').hidden")
    sent = page.evaluate("window.made.noted.filter(([name]) => name === 'sendBasket').map(([, body]) => body)")
    assert len(sent) == 1
    assert [(leg["key"], leg["side"], leg["quantity"], leg["type"], leg.get("price")) for leg in sent[0]["legs"]] == [
        ("NFO:24500CE", "SELL", 130, "MARKET", None),
        ("NFO:24550CE", "BUY", 65, "LIMIT", "12.50"),
    ]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("made.at.now += 12_000", "old"),
        ("made.store.set('kill', { engaged: true, reason: 'test', since: null })", "test"),
        ("made.store.set('link', { state: 'down', reason: '', heard: 0, heartbeat: 2000 })", "server"),
    ],
    ids=["stale", "killed", "server gone"],
)
def test_bar_when_nothing_may_be_sent_then_it_is_locked_and_says_why(
    stage: Callable[..., Page], change: str, words: str
) -> None:
    page = stage("options.html", "phone")
    bar(page, "tray.addLeg(store, one.underlying, { key: 'NFO:24500CE', side: 'SELL' });")
    until(page, "document.querySelector('.tray .primary')?.disabled === false")
    page.evaluate(f"() => {{ {change}; window.made.store.touch('clock'); }}")
    until(page, "document.querySelector('.tray .primary').disabled")
    assert words in (page.locator(".tray .ticket-lock").text_content() or "")
    page.evaluate("document.querySelector('.tray .primary').click()")
    assert page.evaluate("window.made.noted.some(([name]) => name === 'sendBasket')") is False


def test_bar_when_no_answer_comes_then_it_says_not_known_and_keeps_the_legs(stage: Callable[..., Page]) -> None:
    page = stage("options.html", "phone")
    bar(
        page,
        """answers.sendBasket = async () => {
          throw Object.assign(s.problem(0, 'app.timeout', ''), { unknown: true }); };
        tray.addLeg(store, one.underlying, { key: 'NFO:24500CE', side: 'SELL' });""",
    )
    until(page, "document.querySelector('.tray .primary')?.disabled === false")
    page.locator(".tray .primary").tap()
    until(page, "document.querySelector('.tray .ticket-problems').textContent.includes('Not known')")
    assert page.evaluate("window.tray.trayOf(window.made.store).legs.length") == 1


def test_bar_when_opened_then_lots_side_and_legs_are_changed_by_hand(stage: Callable[..., Page]) -> None:
    page = stage("options.html", "phone")
    bar(page, "tray.addLeg(store, one.underlying, { key: 'NFO:24500CE', side: 'SELL' });")
    until(page, "document.querySelector('.tray').hidden === false")
    page.locator(".tray-toggle").tap()
    page.get_by_role("button", name="More").tap()
    page.get_by_role("button", name="Buy or sell NIFTY 24500CE").tap()
    legs_now = "window.tray.trayOf(window.made.store).legs.map((leg) => [leg.side, leg.lots])"
    assert page.evaluate(legs_now) == [["BUY", 2]]
    page.get_by_role("button", name="Put all legs away").tap()
    assert page.evaluate(legs_now) == []
    undo = page.evaluate(
        """() => { const [, toast] = window.made.noted.findLast(([name]) => name === 'toast');
          toast.run(); return toast.action; }"""
    )
    assert (undo, page.evaluate(legs_now)) == ("Undo", [["BUY", 2]])
