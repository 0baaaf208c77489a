"""The chain's model, its columns and what each cell says; the tray's arithmetic. All without drawing."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.web.modules import Call, caller

STAGE = "const s = await import('/stage/options.js');"


@pytest.fixture(scope="module")
def call(module_stage: Callable[..., Page]) -> Iterator[Call]:
    yield caller(module_stage("options.html"))


def model(call: Call, body: str, argument: Any = None) -> Any:
    return call("views/options/model.js", STAGE + body, argument)


def test_frame_when_it_comes_then_only_changed_contracts_are_told(call: Call) -> None:
    body = """const one = s.chain(5); const model = new m.ChainModel(one); const told = [];
      const frame = s.frame(one, (row) => (row === 2 ? { iv: 0.12, delta: 0.5, build_up: 'long' } : {}));
      const same = model.apply(frame, (row, side) => told.push([row, side]));
      const again = []; model.apply(frame, (row, side) => again.push([row, side]));
      return [same, told, again, model.value(2, 0, 'iv'), model.value(2, 1, 'iv'), model.sides[0].buildUp[2]]"""
    assert model(call, body) == [True, [[2, 0]], [], 0.12, None, "long"]


def test_frame_when_of_other_strikes_then_the_chain_is_read_again(call: Call) -> None:
    body = """const one = s.chain(3); const model = new m.ChainModel(one); const frame = s.frame(one);
      frame.strikes[1] = '99999'; return [model.apply(frame, () => {}), model.apply(s.frame(one), () => {})]"""
    assert model(call, body) == [False, True]


@pytest.mark.parametrize(
    ("summary", "strike"),
    [
        ({"atm_strike": 24450}, "24450"),
        ({"atm_strike": None, "spot": 24560.0}, "24550"),
        ({"atm_strike": None, "spot": None}, None),
    ],
)
def test_money_when_told_or_not_then_the_nearest_strike_or_none(
    call: Call, summary: dict[str, Any], strike: str | None
) -> None:
    body = "const model = new m.ChainModel(s.chain(11, { summary: a })); return model.strikes[model.atm] ?? null"
    assert model(call, body, summary) == strike


def test_in_the_money_when_about_the_spot_then_calls_below_and_puts_above(call: Call) -> None:
    body = """const model = new m.ChainModel(s.chain(3, { summary: { spot: 24510 } }));
      return [0, 1, 2].map((row) => [model.inTheMoney(row, 0), model.inTheMoney(row, 1)])"""
    assert model(call, body) == [[True, False], [True, False], [False, True]]
    body = "const model = new m.ChainModel(s.chain(3, { summary: { spot: null } })); return model.inTheMoney(0, 0)"
    assert model(call, body) is False


def fit(call: Call, chosen: list[str], width: int, step: int) -> Any:
    body = """const found = m.fitColumns(a.chosen, a.width, a.step, { strike: 60, least: 60 });
      return [found.slots.map((slot) => slot.part + slot.side).join(' '), found.step, found.last,
        Math.round(found.widths.reduce((sum, one) => sum + one, 0))]"""
    return call("views/options/columns.js", body, {"chosen": chosen, "width": width, "step": step})


@pytest.mark.parametrize(
    ("step", "slots"),
    [
        (0, "oi0 ltp0 strike2 ltp1 oi1"),
        (1, "bid0 ask0 strike2 bid1 ask1"),
        (2, "iv0 ltp0 strike2 ltp1 iv1"),
        (9, "delta0 ltp0 strike2 ltp1 delta1"),
    ],
)
def test_columns_when_swiped_on_a_phone_then_the_first_stays_and_bid_is_left_of_ask(
    call: Call, step: int, slots: str
) -> None:
    found, at, last, width = fit(call, ["ltp", "oi", "quote", "iv", "delta"], 320, step)
    assert (found, at, last, width) == (slots, min(step, 3), 3, 320)


def test_columns_when_all_fit_then_there_is_one_window(call: Call) -> None:
    found, _, last, _ = fit(call, ["ltp", "quote", "oi"], 900, 0)
    assert (found, last) == ("oi0 bid0 ask0 ltp0 strike2 ltp1 bid1 ask1 oi1", 0)


@pytest.mark.parametrize("room", [1, 2, 3, 4, 5, 8, 12])
def test_columns_when_room_varies_then_every_chosen_one_that_fits_is_reachable(call: Call, room: int) -> None:
    ids = ["ltp", "oi", "quote", "iv", "delta", "theta", "vega", "gamma", "oichange", "build", "volume", "change"]
    shown = call("views/options/columns.js", "return m.windows(a.ids, a.room)", {"ids": ids, "room": room})
    reached = {one for window in shown for one in window}
    assert reached == (set(ids) if room > 1 else set(ids) - {"quote"})
    sizes = [sum(2 if one == "quote" else 1 for one in window) for window in shown]
    assert max(sizes) <= room


@pytest.mark.parametrize("found", [None, "ltp", [], ["nothing"], {"0": "ltp"}, [["ltp"]]])
def test_columns_when_the_preference_is_spoilt_then_the_usual_ones(call: Call, found: Any) -> None:
    assert call("views/options/columns.js", "return m.cleanColumns(a)", found) == ["ltp", "oi", "quote", "iv"]


CELL = (
    STAGE
    + """
const { ChainModel } = await import('/web/views/options/model.js');
const paint = await import('/web/widgets/grid-paint.js');
const { ctx, store, at } = s.makeCtx({ phase: a.phase ?? 'continuous' });
const model = new ChainModel(s.chain(3, { cell: a.cell ?? {} }));
if (a.quote !== undefined) store.quotes.put('NFO:24450CE', s.fields(a.quote, a.more ?? {}),
  at.now - (a.age ?? 0) * 1000);
if (a.down) store.state.link = { state: 'down', reason: '', heard: 0, heartbeat: 2000 };
const context = { model, store, market: store.state.markets.sim, tick: '0.05', figuresOld: a.old ?? false };
const show = (part) => { const cell = paint.emptyCell(); paint.clearCell(cell);
  m.fillCell(context, part, 0, 0, cell); return cell; };
"""
)


def cell(call: Call, part: str, **setting: Any) -> dict[str, Any]:
    shown: dict[str, Any] = call("views/options/cells.js", CELL + "return show(a.part)", {"part": part, **setting})
    return shown


PARTS = ("ltp", "bid", "ask", "change", "oi", "oichange", "volume", "iv", "delta", "gamma", "theta", "vega", "build")


@pytest.mark.parametrize("part", PARTS)
def test_cell_when_nothing_is_known_then_a_dash(call: Call, part: str) -> None:
    shown = cell(call, part)
    assert (shown["text"], shown["sub"]) == ("\u2014", "")


@pytest.mark.parametrize("part", PARTS)
def test_cell_when_figures_are_zero_or_odd_then_never_nan(call: Call, part: str) -> None:
    odd = {"bid": None, "ask": None, "oi": 0, "close": 0, "volume": 0}
    shown = cell(call, part, quote=0, more=odd, cell={"oi_change": 0, "iv": 0, "delta": 0, "theta": 0, "gamma": 0})
    assert not any(word in f"{shown['text']}{shown['sub']}" for word in ("NaN", "undefined", "Infinity", "-0"))


def test_cell_when_fresh_then_price_and_iv(call: Call) -> None:
    shown = cell(call, "ltp", quote=182.3, cell={"iv": 0.1284})
    assert (shown["text"], shown["sub"], shown["tone"], shown["strong"]) == ("182.30", "12.8 IV", "", True)


@pytest.mark.parametrize(
    ("setting", "tone", "sub", "sub_tone"),
    [
        ({"age": 3}, "", "3.0 s", "warn"),
        ({"age": 12}, "muted", "12 s", "muted"),
        ({"age": 1, "down": True}, "muted", "1.0 s", "muted"),
        ({"age": 900, "phase": "closed"}, "", "", "muted"),
    ],
)
def test_cell_when_the_price_is_old_then_its_age_and_grey(
    call: Call, setting: dict[str, Any], tone: str, sub: str, sub_tone: str
) -> None:
    shown = cell(call, "ltp", quote=182.3, **setting)
    assert (shown["tone"], shown["sub"], shown["subTone"]) == (tone, sub, sub_tone)


def test_cell_when_figures_are_old_then_greeks_are_grey_and_prices_are_not(call: Call) -> None:
    assert cell(call, "delta", quote=10, cell={"delta": 0.5}, old=True)["tone"] == "muted"
    assert cell(call, "bid", quote=10, old=True)["tone"] == ""


@pytest.mark.parametrize(
    ("word", "text", "tone"),
    [
        ("long", "\u25b2 Long", "up"),
        ("short", "\u25bc Short", "down"),
        ("covering", "\u25b3 Cover", "up"),
        ("unwinding", "\u25bd Unwind", "down"),
    ],
)
def test_build_up_when_told_then_word_and_arrow_beside_the_colour(call: Call, word: str, text: str, tone: str) -> None:
    shown = cell(call, "build", quote=10, cell={"build_up": word})
    assert (shown["text"], shown["tone"]) == (text, tone)


def test_open_interest_when_it_changed_then_the_share_of_what_it_was(call: Call) -> None:
    shown = cell(call, "oi", quote=10, more={"oi": 1_030_000}, cell={"oi_change": 30_000})
    assert (shown["text"], shown["sub"]) == ("10.3L", "+3%")


@pytest.mark.parametrize(("share", "cells"), [(1, [1, 1, 1]), (0.5, [1, 0.5, 0]), (0, [0, 0, 0]), (2, [1, 1, 1])])
def test_bar_when_split_over_cells_then_it_grows_from_the_strike(call: Call, share: float, cells: list[float]) -> None:
    body = "return [0, 1, 2].map((near) => m.barShare(a, near, 3))"
    assert call("views/options/cells.js", body, share) == cells
