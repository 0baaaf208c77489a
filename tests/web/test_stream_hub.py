"""One stream for all windows: what is watched is merged, a late window is told the rest, silence is noticed."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.web.modules import Call, caller

HUB = """
const { hubStage, quoteFrame } = await import('/stage/stream.js');
const { wants, at, hub, port, sinks } = hubStage(m);
const want = (member, items) => hub.receive(member, { op: 'set', kind: 'watch', market: 'sim', items });
"""

SOCKET = """
const { socketStage } = await import('/stage/stream.js');
const { sockets, states, at, stream, welcome, end } = socketStage(m);
"""


@pytest.fixture(scope="module")
def call(module_stage: Callable[..., Page]) -> Iterator[Call]:
    yield caller(module_stage("blank.html"))


def hub(call: Call, body: str) -> Any:
    return call("transport/hub.js", HUB + body)


def socket(call: Call, body: str) -> Any:
    return call("transport/stream.js", SOCKET + "try {" + body + "} finally { end(); }")


def test_watch_when_two_windows_want_keys_then_the_union_is_watched(call: Call) -> None:
    body = """const [one, other] = [hub.join(port()), hub.join(port())];
      want(one, ['A', 'B']); want(other, ['B', 'C']); hub.receive(other, { op: 'bye' });
      return wants.map(([kind, market, items]) => [kind, market, items.sort()])"""
    assert hub(call, body) == [
        ["watch", "sim", ["A", "B"]],
        ["watch", "sim", ["A", "B", "C"]],
        ["watch", "sim", ["A", "B"]],
    ]


def test_window_when_it_comes_late_then_gets_the_last_prices_with_their_true_age(call: Call) -> None:
    body = """want(hub.join(port()), ['A', 'B']);
      sinks.onText({ type: 'welcome', boot: 'b', seq: 1, heartbeat: 2, markets: [] });
      sinks.onText({ type: 'map', market: 'sim', number: 1, rows: { A: 4, B: 5 }, unknown: [] });
      sinks.onFrame(quoteFrame([[4, 100, 50_000], [5, 7, 50_500]], 51_000));
      sinks.onFrame(quoteFrame([[4, 101, 51_500]], 52_000));
      at.now = 4000;
      const late = port(); want(hub.join(late), ['A']);
      const { header, quotes } = await import('/web/transport/decode.js');
      const { frame } = late.got.find((x) => x.type === 'frame');
      const view = new DataView(frame); const head = header(view); const out = [];
      quotes(view, head, (r) => out.push([r.row, r.ltp, head.serverMs - r.receivedMs]));
      return [late.got.map((x) => x.type), out]"""
    types, records = hub(call, body)
    assert types == ["attached", "welcome", "link", "map", "frame"]
    assert records == [[4, 101, 3500]]  # received 0.5 s before its frame, which is 3 s old by now


def test_server_when_it_is_another_then_old_rows_are_forgotten(call: Call) -> None:
    body = """hub.join(port());
      sinks.onText({ type: 'welcome', boot: 'b1', seq: 1, markets: [] });
      sinks.onText({ type: 'map', market: 'sim', number: 1, rows: { A: 4 }, unknown: [] });
      sinks.onFrame(quoteFrame([[4, 100, 1]], 2));
      sinks.onText({ type: 'welcome', boot: 'b2', seq: 1, markets: [] });
      const late = port(); want(hub.join(late), ['A']);
      return late.got.filter((x) => x.type === 'frame' || x.type === 'map').length"""
    assert hub(call, body) == 0


def test_frame_when_it_cannot_be_read_then_dropped_for_all(call: Call) -> None:
    body = "const p = port(); hub.join(p); sinks.onFrame(new ArrayBuffer(7)); return p.got.map((x) => x.type)"
    assert "frame" not in hub(call, body)


def test_hello_when_connected_again_then_names_what_was_seen_last(call: Call) -> None:
    body = """sockets[0].open(); sockets[0].say(welcome());
      sockets[0].say({ type: 'event', seq: 9, topic: 'order', data: {} });
      sockets[0].cut(); stream.retry(); sockets[1].open();
      return [sockets[0].sent[0], sockets[1].sent[0], states]"""
    first, second, states = socket(call, body)
    assert first == {"op": "hello", "v": 1, "since": None, "boot": None}
    assert second == {"op": "hello", "v": 1, "since": 9, "boot": "b1"}
    assert states == ["connecting", "live", "down", "connecting"]


def test_sets_when_wanted_then_sent_after_each_welcome(call: Call) -> None:
    body = """stream.want('watch', 'sim', ['A']); stream.want('bars', 'sim', [{ key: 'A', interval: '1m' }]);
      sockets[0].open(); const before = sockets[0].sent.length; sockets[0].say(welcome());
      sockets[0].cut(); stream.retry(); sockets[1].open(); sockets[1].say(welcome());
      return [before, sockets[0].sent.slice(1), sockets[1].sent.slice(1)]"""
    before, first, again = socket(call, body)
    assert before == 1
    wanted = [
        {"op": "watch", "market": "sim", "keys": ["A"]},
        {"op": "bars", "market": "sim", "series": [{"key": "A", "interval": "1m"}]},
    ]
    assert first == again == wanted


def test_resume_when_granted_then_the_place_is_kept_until_events_move_it(call: Call) -> None:
    body = """sockets[0].open(); sockets[0].say(welcome({ seq: 5 }));
      sockets[0].cut(); stream.retry(); sockets[1].open(); sockets[1].say(welcome({ seq: 8, resumed: true }));
      sockets[1].cut(); stream.retry(); sockets[2].open();
      return sockets[2].sent[0].since"""
    assert socket(call, body) == 5


def test_server_when_silent_for_three_beats_then_the_socket_is_given_up(stage: Callable[..., Page]) -> None:
    page = stage("blank.html")
    page.clock.install()
    page.evaluate(
        """async () => { const m = await import('/web/transport/stream.js');
          const { socketStage } = await import('/stage/stream.js');
          window.s = socketStage(m); s.sockets[0].open(); s.sockets[0].say(s.welcome()); s.at.now = 5900; }"""
    )
    page.clock.run_for(1000)
    assert page.evaluate("window.s.states") == ["connecting", "live"]
    page.evaluate("window.s.at.now = 6100")
    page.clock.run_for(1000)
    assert page.evaluate("window.s.states")[:3] == ["connecting", "live", "down"]


def test_chains_when_two_windows_want_them_then_one_asking_and_a_late_window_gets_the_last_frame(call: Call) -> None:
    body = """const nifty = { underlying: 'N', expiry: '2026-11-24', strikes: 0 };
      const chains = (member, items) => hub.receive(member, { op: 'set', kind: 'chains', market: 'sim', items });
      chains(hub.join(port()), [nifty]);
      sinks.onText({ type: 'chain', market: 'sim', underlying: 'N', expiry: '2026-11-24', t: 1 });
      sinks.onText({ type: 'chain', market: 'sim', underlying: 'N', expiry: '2026-11-24', t: 2 });
      at.now += 3000; const late = port(); chains(hub.join(late), [{ ...nifty }]);
      return [wants.map(([kind, , items]) => [kind, items.length]), late.got.filter((x) => x.type === 'chain')]"""
    wants, got = hub(call, body)
    assert wants == [["chains", 1], ["chains", 1]]
    assert [(one["t"], one["late"], one["ago"]) for one in got] == [(2, True, 3000)]


def test_chains_when_set_then_the_socket_names_them_chains(call: Call) -> None:
    body = """stream.want('chains', 'sim', [{ underlying: 'N', expiry: '2026-11-24', strikes: 0 }]);
      sockets[0].open(); sockets[0].say(welcome()); return sockets[0].sent.find((one) => one.op === 'chains')"""
    assert socket(call, body) == {
        "op": "chains",
        "market": "sim",
        "chains": [{"underlying": "N", "expiry": "2026-11-24", "strikes": 0}],
    }
