"""What feeds the chart (history, older and live bars, failures) and what a dragged order line becomes."""

from collections.abc import Callable
from typing import Any

import pytest

Ask = Callable[..., Any]

# a chart that notes what it is told, a store with one quote, and a server whose answers the test decides
FEED = """
  const noted = [];
  let older = () => {};
  let live = () => {};
  let clock = 0;
  const quotes = new Map();
  const answers = [...a.answers];
  const bars = (from, to) => {
    const t = Array.from({ length: to - from }, (_, i) => (from + i) * 60000);
    return { t, o: t, h: t, l: t, c: t, v: t };
  };
  const chart = {
    setBars: (b, context) => noted.push(['set', b.t.length, context.keepView === true]),
    prepend: (b) => noted.push(['prepend', b.t.length]),
    update: (bar) => { noted.push(['update', bar.t, bar.c]); return true; },
    onNeedOlder: (call) => { older = call; return () => noted.push(['forget']); },
  };
  const ctx = { store: { now: () => clock, quotes, state: { instruments: new Map() } }, feed: {
    history: async (key, interval, end, limit) => {
      noted.push(['ask', key, interval, end]);
      const answer = answers.shift();
      if (answer === 'fail') throw new Error('no');
      return bars(answer[0], answer[1]);
    },
    subscribe: (key, interval, call) => {
      live = call;
      noted.push(['subscribe', key]);
      return () => noted.push(['unsubscribe', key]);
    },
  } };
  const settle = () => new Promise((done) => setTimeout(done, 20));
  const minute = { id: '1m', ms: 60000, label: '1m' };
  const feed = m.feedChart(ctx, chart, { onState: (state) => noted.push(['state', state]) });
"""


def test_feed_when_shown_then_history_older_and_live_reach_the_chart(ask: Ask) -> None:
    noted = ask(
        "../views/charts/feed",
        FEED
        + """feed.show('K', minute, { tick: 0.05, label: 'K' }); await settle(); older(100 * 60000); await settle();
        live({ t: 199 * 60000, o: 1, h: 1, l: 1, c: 7, v: 1 }); feed.destroy(); return noted;""",
        {"answers": [[100, 200], [50, 100]]},
    )
    assert noted == [
        ["subscribe", "K"],
        ["state", "loading"],
        ["ask", "K", "1m", None],
        ["set", 100, False],
        ["state", "ready"],
        ["ask", "K", "1m", 6_000_000],
        ["prepend", 50],
        ["update", 11_940_000, 7],
        ["state", "ready"],
        ["unsubscribe", "K"],
        ["forget"],
    ]


def test_feed_when_another_series_is_chosen_then_the_late_answer_is_dropped(ask: Ask) -> None:
    noted = ask(
        "../views/charts/feed",
        FEED
        + """feed.show('A', minute, { tick: 1, label: 'A' }); feed.show('B', minute, { tick: 1, label: 'B' });
        await settle(); feed.destroy(); return noted.filter(([what]) => what === 'set' || what === 'unsubscribe');""",
        {"answers": [[0, 10], [0, 20]]},
    )
    assert noted == [["unsubscribe", "A"], ["set", 20, False], ["unsubscribe", "B"]]


def test_feed_when_the_server_fails_then_says_so(ask: Ask) -> None:
    noted = ask(
        "../views/charts/feed",
        FEED
        + """feed.show('A', minute, { tick: 1, label: 'A' }); await settle(); feed.destroy();
        return noted.filter(([what]) => what === 'state');""",
        {"answers": ["fail"]},
    )
    assert noted == [["state", "loading"], ["state", "failed"]]


def test_feed_when_the_market_goes_back_then_bars_are_read_again(ask: Ask) -> None:
    noted = ask(
        "../views/charts/feed",
        FEED
        + """feed.show('A', minute, { tick: 1, label: 'A' }); await settle();
        live({ t: 50 * 60000, o: 1, h: 1, l: 1, c: 1, v: 1 }); await settle(); feed.destroy();
        return noted.filter(([what]) => what === 'set' || what === 'update');""",
        {"answers": [[0, 100], [0, 51]]},
    )
    assert noted == [["set", 100, False], ["set", 51, False]]


def test_feed_when_no_live_bar_comes_then_the_last_price_moves_the_last_bar(ask: Ask) -> None:
    noted = ask(
        "../views/charts/feed",
        FEED
        + """feed.show('A', minute, { tick: 1, label: 'A' }); await settle(); clock = 10000;
        quotes.set('A', { ltp: 5, marketMs: 99 * 60000 + 5000, restored: false }); feed.quote();
        quotes.set('A', { ltp: 6, marketMs: 100 * 60000 + 10, restored: false }); feed.quote();
        quotes.set('A', { ltp: 9, marketMs: 100 * 60000 + 20, restored: true }); feed.quote();
        live({ t: 100 * 60000, o: 6, h: 6, l: 6, c: 6, v: 1 });
        quotes.set('A', { ltp: 7, marketMs: 100 * 60000 + 30, restored: false }); feed.quote();
        feed.destroy(); return noted.filter(([what]) => what === 'update');""",
        {"answers": [[0, 100]]},
    )
    assert noted == [["update", 5_940_000, 5], ["update", 6_000_000, 6], ["update", 6_000_000, 6]]


@pytest.mark.parametrize(
    ("price", "time", "interval", "wanted"),
    [
        (12, 1_030_000, 60_000, {"t": 1_000_000, "h": 12, "l": 8, "c": 12}),
        (7, 1_030_000, 60_000, {"t": 1_000_000, "h": 11, "l": 7, "c": 7}),
        (9, 1_130_000, 60_000, {"t": 1_120_000, "h": 9, "l": 9, "c": 9}),
        (9, 999_999, 60_000, None),
        (9, 1_000_000 + 90_000_000, 60_000, None),
        (9, 1_000_000 + 90_000_000, 86_400_000, None),
    ],
    ids=["higher", "lower", "two later", "older", "next day", "daily"],
)
def test_folded_when_a_price_comes_then_right_bar_or_none(
    ask: Ask, price: float, time: float, interval: float, wanted: dict[str, float] | None
) -> None:
    newest = {"t": 1_000_000, "o": 10, "h": 11, "l": 8, "c": 10, "v": 5}
    found = ask("../views/charts/feed", "return m.folded(...a);", [newest, price, time, interval])
    assert (found is None) == (wanted is None)
    if wanted is not None:
        assert {key: found[key] for key in wanted} == wanted


LINES = """
  const sent = [];
  const order = { id: 'X', account: 'acc', key: 'K', side: 'SELL', quantity: 65, filled: 0, type: 'LIMIT',
    product: 'NRML', state: 'OPEN', price: '110.00', trigger: null, triggered: false, after_market: false,
      revision: 3, ...a.order };
  const position = { account: 'acc', key: 'K', product: 'NRML', quantity: 65, cost_minor: 650000,
    average: '100.00', realised: '0', charges: '0' };
  const quote = { ltp: 105, seen: a.seen ?? 0, flags: 0, restored: false, marketMs: 1 };
  const ctx = {
    store: { now: () => 0, quotes: { get: () => quote, unknown: new Set() }, state: {
      account: 'acc', orders: new Map([['X', order]]), positions: [position], restored: null, kill: { engaged: false },
      link: { state: 'live', heard: 0, heartbeat: 2000 },
      instruments: new Map([['K', { tradable: true, tick: '0.05', label: 'K' }]]),
      session: { accounts: [{ id: 'acc', market: 'sim', mode: a.mode ?? 'PAPER' }] },
      markets: { sim: { phase: 'continuous', state: 'running' } } } },
    api: { modify: async (id, change) => { sent.push(['modify', id, change]); return { order }; } },
    ticket: (spec) => sent.push(['ticket', spec.price ?? null, spec.trigger ?? null]),
    toast: (spec) => sent.push(['toast', spec.level ?? '']),
  };
  const drag = (phase, price) => m.followDrag(ctx, { phase, id: 'order:X', from: 110, price });
"""


def test_lines_when_order_and_position_then_both_with_their_words(ask: Ask) -> None:
    position, order = ask("../views/charts/lines", LINES + "return m.chartLines(ctx, 'K');", {})
    assert (position["price"], position.get("draggable", False)) == (100, False)
    assert "+₹325.00" in position["detail"]
    assert (order["price"], order["draggable"], order["tone"]) == (110, True, "down")


def test_lines_when_order_is_unknown_then_it_cannot_be_dragged(ask: Ask) -> None:
    lines = ask("../views/charts/lines", LINES + "return m.chartLines(ctx, 'K');", {"order": {"state": "UNKNOWN"}})
    assert (lines[1]["draggable"], lines[1]["tone"]) == (False, "warn")


def test_drag_when_only_moved_or_released_then_nothing_is_sent_and_profit_is_told(ask: Ask) -> None:
    note, sent = ask("../views/charts/lines", LINES + "return [drag('move', 112), (drag('arm', 112), sent)];", {})
    assert "112.00" in note
    assert "+₹780.00" in note
    assert sent == []


def test_drag_when_sent_on_paper_then_one_change_with_the_revision(ask: Ask) -> None:
    body = LINES + "drag('send', 112.05); await new Promise((done) => setTimeout(done)); return sent;"
    sent = ask("../views/charts/lines", body, {})
    assert sent[0] == ["modify", "X", {"revision": 3, "price": "112.05"}]
    assert len(sent) == 2


def test_drag_when_a_stop_limit_waits_then_its_limit_moves_along(ask: Ask) -> None:
    body = LINES + "drag('send', 98); await new Promise((done) => setTimeout(done)); return sent;"
    stop = {"type": "SL", "trigger": "100.00", "price": "99.50"}
    assert ask("../views/charts/lines", body, {"order": stop})[0] == [
        "modify",
        "X",
        {"revision": 3, "trigger": "98.00", "price": "97.50"},
    ]


def test_drag_when_the_price_is_stale_then_refused_in_words(ask: Ask) -> None:
    body = LINES + "drag('send', 112); await new Promise((done) => setTimeout(done)); return sent;"
    assert ask("../views/charts/lines", body, {"seen": -60_000}) == [["toast", "bad"]]


def test_drag_when_the_account_is_live_then_the_ticket_opens_instead(ask: Ask) -> None:
    body = LINES + "drag('send', 112); await new Promise((done) => setTimeout(done)); return sent;"
    assert ask("../views/charts/lines", body, {"mode": "LIVE"}) == [["ticket", "112.00", None]]
