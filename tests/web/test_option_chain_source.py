"""How the chain is kept fed: read once, moved by frames, read again when it must be, left alone when there is none."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.web.modules import Call, caller

SOURCE = """
const s = await import('/stage/options.js'); const made = s.makeCtx(); const { ctx, store, at, noted, answers } = made;
const told = []; const source = m.createChainSource(ctx, { onLoading: () => told.push('loading'),
  onChain: (model, fresh) => told.push(['chain', model.expiry, fresh]), onFrame: () => told.push('frame'),
  onFault: (error, gone) => told.push(['fault', gone]), onChange: (row, side) => told.push(['cell', row, side]) });
const asked = () => noted
  .filter(([name]) => name === 'chain')
  .map(([, underlying, query]) => [underlying, query.market, query.expiry ?? null]);
const settle = async () => { for (let i = 0; i < 3; i += 1) await s.frames(); };
const later = async (seconds) => { at.now += seconds * 1000; store.touch('clock'); await settle(); };
"""


@pytest.fixture(scope="module")
def call(module_stage: Callable[..., Page]) -> Iterator[Call]:
    yield caller(module_stage("options.html"))


def source(call: Call, body: str, argument: Any = None) -> Any:
    return call("views/options/source.js", f"{SOURCE}{body} source.destroy(); return [told, asked(), out];", argument)


def test_source_when_shown_then_read_once_and_moved_by_frames(call: Call) -> None:
    body = """source.show('NIFTY', ''); await settle();
      const one = s.chain(21); store.set('chains', new Map([['NSE_INDEX:NIFTY|2026-11-24',
        { ...s.frame(one, (row) => (row === 7 ? { iv: 0.2 } : {})), at: at.now }]])); await settle();
      const out = source.model().value(7, 0, 'iv');"""
    told, asked, iv = source(call, body)
    assert told == ["loading", ["chain", "2026-11-24", True], ["cell", 7, 0], "frame"]
    assert (asked, iv) == ([["NIFTY", "sim", None]], 0.2)


def test_source_when_frames_stay_away_then_it_reads_again_quietly(call: Call) -> None:
    body = "source.show('NIFTY', ''); await settle(); await later(3); await later(4); const out = source.age();"
    told, asked, age = source(call, body)
    assert told == ["loading", ["chain", "2026-11-24", True], ["chain", "2026-11-24", False]]
    assert (len(asked), age) == (2, 0)


def test_source_when_the_link_is_down_then_it_does_not_knock(call: Call) -> None:
    body = """source.show('NIFTY', ''); await settle();
      store.set('link', { state: 'down', reason: '', heard: 0, heartbeat: 2000 }); await later(90);
      const out = source.age();"""
    _, asked, age = source(call, body)
    assert (len(asked), age) == (1, 90)


@pytest.mark.parametrize(
    ("status", "code", "gone"),
    [
        (404, "chain.unknown", "expiry"),
        (404, "underlying.unknown", "underlying"),
        (503, "market.quiet", ""),
    ],
)
def test_source_when_there_is_none_then_it_says_what_is_missing_and_watches_nothing(
    call: Call, status: int, code: str, gone: str
) -> None:
    body = """answers.chain = async () => { throw s.problem(a.status, a.code, 'No.'); };
      source.show('X', '2020-01-01'); await settle(); store.touch('markets'); await settle();
      const out = noted.filter(([name]) => name === 'chains').at(-1)[2];"""
    told, asked, chains = source(call, body, {"status": status, "code": code})
    assert told == ["loading", ["fault", gone]]
    assert (len(asked), chains) == (1, [])


def test_source_when_another_market_is_opened_then_its_own_nearest_expiry_is_read(call: Call) -> None:
    body = """source.show('NIFTY', '2026-11-24'); await settle();
      store.set('markets', { ...store.state.markets, replay: { ...store.state.markets.sim, id: 'replay' } });
      store.set('session', { accounts: [{ id: 'paper-sim', market: 'replay', mode: 'PAPER' }], markets: [] });
      await settle(); const out = null;"""
    told, asked, _ = source(call, body)
    assert asked == [["NIFTY", "sim", "2026-11-24"], ["NIFTY", "replay", None]]
    assert told[-1] == ["chain", "2026-11-24", True]


def test_source_when_the_session_comes_late_then_the_asked_expiry_is_kept(call: Call) -> None:
    body = """const { session } = store.state; store.set('session', null); source.show('NIFTY', '2026-12-01');
      await settle(); store.set('session', session); await settle(); const out = null;"""
    _, asked, _ = source(call, body)
    assert asked == [["NIFTY", "sim", "2026-12-01"]]


def test_source_when_another_chain_is_shown_then_the_late_answer_is_dropped(call: Call) -> None:
    body = """let free; answers.chain = (underlying) => (underlying === 'A' ? new Promise((done) => { free = done; })
        : Promise.resolve(s.chain(3, { expiry: '2026-12-01' })));
      source.show('A', ''); source.show('B', ''); await settle(); free(s.chain(9)); await settle();
      const out = source.model().rows;"""
    told, _, rows = source(call, body)
    assert (told, rows) == (["loading", "loading", ["chain", "2026-12-01", True]], 3)
