"""The option chain by thumb and by keyboard: legs picked and sent on paper, volatility read, the server gone."""

import re
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Locator, Page, expect

from tests.process import Sauda, eventually

NIFTY = "NSE_INDEX:NIFTY"
SPY = """
  window.bad = []; const old = CanvasRenderingContext2D.prototype.fillText;
  CanvasRenderingContext2D.prototype.fillText = function (text, ...rest) {
    if (/NaN|undefined|Infinity|null/.test(text)) window.bad.push(text);
    return old.call(this, text, ...rest);
  };
"""

KEPT = """() => new Promise((done) => { const opening = indexedDB.open('sauda', 1); opening.onerror = () => done(false);
  opening.onsuccess = () => { const got = opening.result.transaction('last').objectStore('last').get('chains-1');
    got.onsuccess = () => done(Boolean(got.result)); got.onerror = () => done(false); }; })"""
"""Whether the device has kept a chain."""


def chain(server: Sauda) -> dict[str, Any]:
    """NIFTY's nearest chain, all strikes."""
    found: dict[str, Any] = server.get("/api/v1/options/NIFTY?strikes=0")[1]
    return found


def opened(page: Page, server: Sauda) -> Locator:
    """The grid, once prices and figures stand in it."""
    grid = page.get_by_role("grid", name="Option chain")
    expect(grid).to_be_visible()
    expect(page.locator(".chain-figures")).to_contain_text(re.compile(r"±\d"))
    count = len(chain(server)["rows"])
    expect(grid).to_have_attribute("aria-rowcount", str(count + 1))
    return grid


def place(page: Page, server: Sauda, steps: int, share: float) -> tuple[float, float]:
    """Where the row `steps` strikes from the money is, and a share of the grid's width."""
    found = chain(server)
    strikes = [float(row["strike"]) for row in found["rows"]]
    money = min(range(len(strikes)), key=lambda i: abs(strikes[i] - found["summary"]["atm_strike"]))
    box, top, high = page.evaluate(
        """() => { const grid = document.querySelector('.grid'); const box = grid.getBoundingClientRect();
        return [[box.left, box.top, box.width], grid.scrollTop,
          parseFloat(getComputedStyle(document.documentElement).getPropertyValue('--table-row'))]; }"""
    )
    return box[0] + box[2] * share, box[1] + (money + steps + 0.5) * high - top


def place_now(page: Page, share: float) -> tuple[float, float]:
    """A row in the middle of what is shown, and a share of the grid's width."""
    box = page.locator(".grid").bounding_box()
    assert box is not None
    return box["x"] + box["width"] * share, box["y"] + box["height"] * 0.4


def clean(page: Page) -> None:
    """Nothing that is no figure was ever drawn or written."""
    assert page.evaluate("window.bad") == []
    assert not re.search(r"NaN|undefined|Infinity", page.locator("body").inner_text())


def test_strangle_sold_from_the_chain_by_thumb(open_page: Callable[..., Page], sauda: Sauda) -> None:
    page = open_page("phone", "/")
    page.add_init_script(SPY)
    page.get_by_role("navigation", name="Pages").get_by_role("link", name="Options").tap()
    page.reload()
    opened(page, sauda)
    page.get_by_role("button", name="More columns").tap()
    expect(page.locator(".chain-heads")).to_contain_text("Bid")
    page.touchscreen.tap(*place(page, sauda, 2, 0.1))
    page.touchscreen.tap(*place(page, sauda, -2, 0.7))
    tray = page.get_by_role("region", name="Legs picked")
    expect(tray).to_contain_text("2 legs")
    expect(tray).to_contain_text(re.compile(r"Get ₹[\d,]+"))
    expect(tray).to_contain_text(re.compile(r"Margin ₹[\d.]+"))
    send = tray.get_by_role("button", name="Send 2 orders on paper")
    expect(send).to_be_enabled()
    send.tap()
    expect(page.get_by_text(re.compile("sent", re.IGNORECASE)).first).to_be_visible()
    expect(tray).to_be_hidden()
    eventually(lambda: len(sauda.get("/api/v1/positions?account=paper-sim")[1]["items"]) == 2)
    held = sauda.get("/api/v1/positions?account=paper-sim")[1]["items"]
    assert sorted(one["key"][-2:] for one in held) == ["CE", "PE"]
    assert {one["quantity"] for one in held} == {-65}
    clean(page)


def test_chain_by_keyboard_alone(open_page: Callable[..., Page], sauda: Sauda) -> None:
    page = open_page("desktop", "/")
    expect(page.get_by_role("banner")).to_contain_text("PAPER")
    page.keyboard.press("g")
    page.keyboard.press("n")
    grid = opened(page, sauda)
    grid.focus()
    page.keyboard.press("s")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("b")
    tray = page.get_by_role("region", name="Legs picked")
    expect(tray).to_contain_text("2 legs")
    page.keyboard.press("Shift+S")
    ticket = page.get_by_role("region", name="Order ticket")
    expect(ticket).to_contain_text(re.compile(r"NIFTY \d+ CE"))
    expect(ticket.get_by_role("radio", name="Sell")).to_have_attribute("aria-checked", "true")


def test_straddle_and_volatility_are_read(open_page: Callable[..., Page], sauda: Sauda) -> None:
    page = open_page("desktop", "/options?tab=straddle")
    page.add_init_script(SPY)
    page.reload()
    expect(page.get_by_role("grid", name="Straddles by strike")).to_be_visible()
    page.get_by_role("tab", name="Volatility").click()
    smile = page.get_by_role("region", name="Smile by expiry").first
    expect(smile.get_by_role("application")).to_be_visible(timeout=40_000)
    smile.get_by_text("As a table").click()
    expect(smile.get_by_role("row").nth(1)).to_contain_text(re.compile(r"\d+\.\d%"))
    smile.get_by_role("application").focus()
    page.keyboard.press("ArrowRight")
    expect(smile.locator(".plot-reading")).to_contain_text(re.compile(r"\d"))
    term = page.get_by_role("region", name="Term structure").first
    expect(term.get_by_role("application")).to_be_visible(timeout=40_000)
    clean(page)


def test_chain_when_the_server_is_gone_is_greyed_and_locked(open_page: Callable[..., Page], sauda: Sauda) -> None:
    page = open_page("phone", "/options")
    grid = opened(page, sauda)
    x, y = place(page, sauda, 0, 0.3)
    page.touchscreen.tap(x, y)
    pair = page.get_by_role("group", name=re.compile(r"NIFTY \d+ CE"))
    pair.get_by_role("button", name=re.compile("^Buy")).tap()
    tray = page.get_by_role("region", name="Legs picked")
    expect(tray.get_by_role("button", name="Send 1 order on paper")).to_be_enabled()
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    page.wait_for_function(KEPT, timeout=30_000)
    sauda.kill()
    expect(tray.get_by_role("button", name="Send 1 order on paper")).to_be_disabled(timeout=20_000)
    expect(tray).to_contain_text("The server is not answering")
    expect(grid).to_be_visible()
    expect(page.locator(".chain-figures .figure-value").first).to_have_class(re.compile("dull"), timeout=20_000)
    # and after a reload, with nobody to ask: the chain as it was, with its age, and nothing that could be sent
    page.add_init_script(SPY)
    page.reload()
    note = page.get_by_role("status").filter(has_text="The chain as it was")
    expect(note).to_contain_text(re.compile(r"as it was [\d.]+ (s|min) ago"), timeout=30_000)
    expect(grid).to_be_visible()
    expect(page.locator(".chain-figures .figure-value").first).to_have_class(re.compile("dull"))
    page.touchscreen.tap(*place_now(page, 0.3))
    page.get_by_role("group", name=re.compile(r"NIFTY \d+ CE")).get_by_role("button", name=re.compile("^Sell")).tap()
    expect(tray.get_by_role("button", name="Send 1 order on paper")).to_be_disabled()
    clean(page)


def test_addresses_that_name_nothing_say_so_and_leave_a_way_on(open_page: Callable[..., Page], sauda: Sauda) -> None:
    page = open_page("phone", "/options?underlying=NOSUCH")
    page.add_init_script(SPY)
    page.reload()
    main = page.get_by_role("main")
    expect(main).to_contain_text("There are no options on 'NOSUCH' in this market.", timeout=40_000)
    expect(main.get_by_role("button", name="Choose an underlying")).to_be_visible()
    for path, sentence, way in (
        ("/options?expiry=2020-01-01", "this expiry has passed", "Nearest expiry"),
        ("/builder?template=nosuch", "There is no strategy 'nosuch'.", ""),
        ("/builder?underlying=NOSUCH", "There are no options on 'NOSUCH' in this market.", ""),
        ("/strategies?id=nosuch", "This strategy is no longer there.", "Back to the list"),
    ):
        page.goto(sauda.url + path)
        expect(main).to_contain_text(sentence, timeout=40_000)
        if way:
            expect(main.get_by_role("button", name=way)).to_be_visible()
        clean(page)
    page.goto(f"{sauda.url}/options?expiry=tomorrow")  # what is no date names no expiry: the nearest
    opened(page, sauda)
    clean(page)
