"""The options page with a server that answers what the test decides: what is missing is said, what is old is grey."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.web.modules import caller
from tests.web.touch import Fingers, until

Stage = Callable[..., Page]

OPEN = """
const s = await import('/stage/options.js');
const made = s.makeCtx(); const { ctx, store, at, noted, learn, answers } = made; Object.assign(window, { made, s });
window.texts = s.listenToCanvas();
const price = (one, ltp = 100, more = {}) => { learn(one);
  store.quotes.put('NSE_INDEX:NIFTY', s.fields(24512.3), at.now);
  for (const row of one.rows) for (const cell of [row.ce, row.pe]) if (cell)
    store.quotes.put(cell.key, s.fields(ltp, more), at.now);
  store.touch('quotes'); };
window.price = price;
const root = document.getElementById('root');
root.style.setProperty('block-size', '100dvh'); root.style.setProperty('container', 'main / inline-size');
const open = (query = '') => { const page = m.create(ctx, new URLSearchParams(query)); root.replaceChildren(page.el);
  window.page = page; return page; };
"""

SETTLED = "made.noted.some(([name]) => name === 'chain') && document.querySelector('.grid, .empty') !== null"


def show(stage: Stage, body: str, device: str = "phone", **options: Any) -> Page:
    page = stage("options.html", device, **options)
    caller(page)("views/options/index.js", OPEN + body)
    until(page, SETTLED)
    page.evaluate("window.s.frames(4)")
    return page


def drawn(page: Page) -> list[str]:
    texts: list[str] = page.evaluate("window.texts")
    return texts


def names(page: Page) -> list[str]:
    calls: list[str] = page.evaluate("made.noted.map(([name]) => name)")
    return calls


def test_page_when_opened_then_chain_prices_and_frames_are_asked(stage: Stage) -> None:
    page = show(stage, "price(s.chain(21)); open();")
    watched = page.evaluate("made.noted.findLast(([name, owner]) => name === 'watch' && owner === 'options')[2]")
    assert len(watched) == 44  # 21 strikes on both sides, the underlying, India VIX
    asked = page.evaluate("made.noted.findLast(([name]) => name === 'chains')[2]")
    assert asked == [{"underlying": "NSE_INDEX:NIFTY", "expiry": "2026-11-24", "strikes": 0}]
    assert "24,500" in drawn(page)
    assert page.get_by_role("radio", name="24 Nov").get_attribute("aria-checked") == "true"
    assert "4 d \u00b7 \u00b1310" in (page.get_by_role("radio", name="24 Nov").text_content() or "")
    page.evaluate("window.page.destroy()")
    left = page.evaluate("made.noted.filter(([name, owner]) => owner === 'options').slice(-2).map((one) => one[2])")
    assert left == [[], []]


def test_page_when_the_money_moves_then_it_stays_in_view(stage: Stage) -> None:
    page = show(stage, "answers.chain = async () => s.chain(121); price(s.chain(121)); open();")
    page.evaluate(
        """async () => { const one = s.chain(121, { summary: { spot: 26010, atm_strike: 26000 } });
        window.texts.length = 0;
        made.store.set('chains', new Map([['NSE_INDEX:NIFTY|2026-11-24', { ...s.frame(one), at: 1000 }]]));
        await s.frames(5); }"""
    )
    assert "26,000" in drawn(page)


def test_page_when_the_user_scrolled_away_then_a_button_leads_back(stage: Stage) -> None:
    page = show(stage, "answers.chain = async () => s.chain(121); price(s.chain(121)); open();")
    back = page.get_by_role("button", name="At the money")
    assert back.is_hidden()
    page.wait_for_timeout(400)
    page.evaluate("document.querySelector('.grid').scrollTop = 0")
    until(page, "!document.querySelector('.chain-back').hidden")
    page.evaluate("window.texts.length = 0")
    back.tap()
    page.evaluate("window.s.frames(4)")
    assert "24,500" in drawn(page)


BAD = {
    "unknown underlying": "answers.chain = async () => { throw s.problem(404, 'underlying.unknown', 'None.'); };",
    "unknown expiry": "answers.chain = async () => { throw s.problem(404, 'chain.unknown', 'Not listed.'); };",
    "server gone": "answers.chain = async () => { throw s.problem(0, 'app.offline', ''); };",
    "no strikes": "answers.chain = async () => s.chain(0);",
}


@pytest.mark.parametrize(
    ("what", "title", "button"),
    [
        ("unknown underlying", "There is no such chain", "Choose an underlying"),
        ("unknown expiry", "There is no such chain", "Nearest expiry"),
        ("server gone", "The chain could not be read", "Try again"),
        ("no strikes", "No strikes", None),
    ],
)
def test_page_when_there_is_no_chain_then_a_sentence_and_a_way_on(
    stage: Stage, what: str, title: str, button: str | None
) -> None:
    page = show(stage, BAD[what] + "open('underlying=X&expiry=2020-01-01');")
    assert page.locator(".empty-title").text_content() == title
    assert (page.locator(".empty-text").text_content() or "").strip() not in ("", "undefined")
    buttons = page.locator(".empty button").all_text_contents()
    assert buttons == ([button] if button else [])


def test_page_when_the_server_comes_back_then_the_chain_is_there(stage: Stage) -> None:
    page = show(stage, BAD["server gone"] + "open();")
    page.evaluate("() => { made.answers.chain = async () => s.chain(21); price(s.chain(21)); }")
    page.get_by_role("button", name="Try again").tap()
    until(page, "document.querySelector('.grid') !== null")


SPOILT = {
    "nothing quoted": "answers.chain = async () => s.chain(21, { summary: { spot: null, atm_strike: null } }); open();",
    "one strike": """answers.chain = async () => s.chain(1, { notes: ['Only one strike is quoted.'] });
      price(s.chain(1)); open();""",
    "all-zero OI": "price(s.chain(21), 100, { oi: 0 }); open();",
    "crossed and missing quotes": "price(s.chain(21), 100, { bid: 120, ask: null, bidQty: null, askQty: 0 }); open();",
    "one side listed": """const one = s.chain(21); one.rows.forEach((row, i) => { row[i % 2 ? 'ce' : 'pe'] = null; });
      answers.chain = async () => one; price(one); open();""",
}


@pytest.mark.parametrize("tab", ["chain", "straddle"])
@pytest.mark.parametrize("what", SPOILT)
def test_page_when_figures_are_missing_or_odd_then_dashes_and_never_nan(stage: Stage, what: str, tab: str) -> None:
    page = show(stage, SPOILT[what].replace("open()", f"open('tab={tab}')"))
    until(page, "window.texts.length > 0")
    texts = " ".join([*drawn(page), page.locator("body").inner_text()])
    for word in ("NaN", "undefined", "Infinity", "null", "-0"):
        assert word not in texts, word


def test_page_when_one_strike_is_quoted_then_the_note_is_shown(stage: Stage) -> None:
    page = show(stage, SPOILT["one strike"])
    assert page.locator(".chain-notes").text_content() == "Only one strike is quoted."


def test_page_when_figures_get_old_then_they_are_grey_and_say_so(stage: Stage) -> None:
    page = show(stage, "price(s.chain(21)); open();")
    assert "dull" not in (page.locator(".chain-figures .figure-value").first.get_attribute("class") or "")
    page.evaluate("() => { made.answers.chain = () => new Promise(() => {}); }")
    page.evaluate("async () => { made.at.now += 9000; made.store.touch('clock'); await s.frames(3); }")
    assert "dull" in (page.locator(".chain-figures .figure-value").first.get_attribute("class") or "")
    assert "9.0 s" in (page.locator(".chain-source").text_content() or "")
    assert "warn" in (page.locator(".chain-source").get_attribute("class") or "")


def row_at(page: Page, strike: str) -> tuple[float, float]:
    """Where a strike's row is on the screen: top of the grid and middle of its row."""
    found = page.evaluate(
        """(strike) => { const grid = document.querySelector('.grid').getBoundingClientRect();
        const strikes = s.chain(21).rows.map((row) => row.strike); const scroller = document.querySelector('.grid');
        const high = parseFloat(getComputedStyle(document.documentElement).getPropertyValue('--table-row'));
        return [grid.left, grid.top + (strikes.indexOf(strike) + 0.5) * high - scroller.scrollTop, grid.width]; }""",
        strike,
    )
    return found[0], found[1]


LEGS = "made.store.state.tray.legs.map((leg) => [leg.key, leg.side, leg.lots])"


def test_chain_when_bid_and_ask_are_tapped_then_legs_are_sold_and_bought(stage: Stage) -> None:
    page = show(stage, "price(s.chain(21)); open();")
    page.get_by_role("button", name="More columns").tap()
    left, y = row_at(page, "24500")
    page.touchscreen.tap(left + 40, y)
    page.touchscreen.tap(left + 372, y)
    assert page.evaluate(LEGS) == [["NFO:24500CE", "SELL", 1], ["NFO:24500PE", "BUY", 1]]
    until(page, "document.querySelector('.tray-title').textContent === '2 legs'")


@pytest.mark.parametrize("x", [95, 110, 130, 150])
def test_chain_when_a_price_is_tapped_then_both_sides_are_offered(stage: Stage, x: int) -> None:
    page = show(stage, "price(s.chain(21)); open();")
    left, y = row_at(page, "24550")
    page.touchscreen.tap(left + x, y)
    until(page, "!document.querySelector('.pair').hidden")
    page.wait_for_timeout(60)
    pair = page.get_by_role("group", name="NIFTY 24550CE")
    assert page.evaluate(LEGS) == []  # the tap that opens the pair presses nothing in it
    assert "detail" not in names(page)
    assert pair.get_by_role("button").all_text_contents()[:2] == ["Sell 99.90", "Buy 100.10"]
    box = pair.get_by_role("button").first.bounding_box()
    assert box is not None
    assert box["height"] >= 44
    pair.get_by_role("button", name="Buy").tap()
    assert page.evaluate(LEGS) == [["NFO:24550CE", "BUY", 1]]
    page.wait_for_timeout(20)
    page.evaluate("window.s.frames(3)")
    assert "B 1" in drawn(page)


def test_chain_when_held_then_the_ticket_opens_with_the_last_quantity(stage: Stage) -> None:
    page = show(
        stage,
        """store.set('preferences', { ...store.state.preferences, last: { OPTION: { quantity: 195 } } });
        price(s.chain(21)); open();""",
    )
    left, y = row_at(page, "24450")
    fingers = Fingers(page)
    fingers.press((left + 330, y), 450)
    fingers.lift()
    tickets = page.evaluate("made.noted.filter(([name]) => name === 'ticket').map(([, spec]) => spec)")
    assert tickets == [{"key": "NFO:24450PE", "side": "BUY", "quantity": 195}]
    assert page.evaluate(LEGS) == []


def test_chain_when_used_by_keys_then_legs_tickets_details_and_columns(stage: Stage) -> None:
    page = show(stage, "price(s.chain(21)); open();", "desktop")
    page.get_by_role("grid", name="Option chain").focus()
    for key in ("s", "b", "b", "Shift+B", "Enter"):
        page.keyboard.press(key)
    assert page.evaluate(LEGS) == [["NFO:24500CE", "BUY", 1]]
    told = page.evaluate("made.noted.filter(([name]) => name === 'ticket' || name === 'detail')")
    assert [one[0] for one in told] == ["ticket", "detail"]
    assert told[0][1]["side"] == "BUY"
    assert told[1][1] == "NFO:24500CE"
    for _ in range(6):
        page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("s")
    assert page.evaluate(LEGS)[-1] == ["NFO:24550PE", "SELL", 1]


def test_chain_when_swiped_then_the_other_columns_come(stage: Stage) -> None:
    page = show(stage, "price(s.chain(21)); open();")
    heads = page.locator(".chain-heads")
    assert heads.locator("span").all_text_contents() == ["OI", "LTP", "Strike", "LTP", "OI"]
    left, y = row_at(page, "24500")
    Fingers(page).drag((left + 250, y), (left + 200, y), steps=6)
    assert heads.locator("span").all_text_contents() == ["Bid", "Ask", "Strike", "Bid", "Ask"]


def test_straddle_when_its_price_is_tapped_then_both_legs_go_into_the_tray(stage: Stage) -> None:
    page = show(stage, "price(s.chain(21)); open('tab=straddle');")
    until(page, "document.querySelector('.straddles .grid') !== null")
    page.evaluate("window.s.frames(4)")
    assert "200.00" in drawn(page)
    left, y = row_at(page, "24500")
    page.touchscreen.tap(left + 412 / 5 * 2.5, y)
    assert sorted(page.evaluate(LEGS)) == [["NFO:24500CE", "SELL", 1], ["NFO:24500PE", "SELL", 1]]


def test_page_when_another_expiry_is_chosen_then_the_address_says_so(stage: Stage) -> None:
    page = show(stage, "price(s.chain(21)); open();")
    page.get_by_role("radio", name="1 Dec").tap()
    gone = page.evaluate("made.noted.filter(([name]) => name === 'go').map(([, page, params]) => [page, params])")
    assert gone == [["options", {"underlying": "NSE_INDEX:NIFTY", "expiry": "2026-12-01"}]]


def test_page_when_the_server_lists_other_strikes_then_it_is_read_again_quietly(stage: Stage) -> None:
    page = show(stage, "price(s.chain(21)); open();")
    before = names(page).count("chain")
    page.evaluate(
        """async () => { made.answers.chain = async () => s.chain(23);
        made.store.set('chains', new Map([['NSE_INDEX:NIFTY|2026-11-24', { ...s.frame(s.chain(23)), at: 1000 }]]));
        await s.frames(5); }"""
    )
    assert names(page).count("chain") == before + 1
    assert page.get_by_role("grid", name="Option chain").get_attribute("aria-rowcount") == "24"


def test_page_when_another_chain_is_being_read_then_the_old_rows_cannot_be_pressed(stage: Stage) -> None:
    page = show(stage, "price(s.chain(21)); open();")
    page.evaluate(
        """() => { made.answers.chain = () => new Promise((done) => { window.free = done; });
        window.page.update(new URLSearchParams('underlying=NSE_INDEX:NIFTY&expiry=2026-12-01')); }"""
    )
    left, y = row_at(page, "24500")
    page.touchscreen.tap(left + 130, y)
    page.wait_for_timeout(60)
    assert page.locator(".pair").is_hidden()
    page.evaluate("() => { const one = s.chain(21, { expiry: '2026-12-01' }); price(one); window.free(one); }")
    until(page, "!document.querySelector('.options-body').classList.contains('waiting')")
    page.evaluate("window.s.frames(4)")
    page.touchscreen.tap(left + 130, y)
    until(page, "!document.querySelector('.pair').hidden")
