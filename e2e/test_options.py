"""A strategy's life on a phone: built from an empty screen in a few taps, sent on paper, tracked, adjusted, closed."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from e2e.test_pages import AXE, RULES
from tests.browser import PHONE
from tests.process import Sauda, eventually

BUSY = 40_000  # ms: chains are computed on first sight, beside everything else a small machine does


def strategies(sauda: Sauda) -> list[dict[str, object]]:
    return [one["strategy"] for one in sauda.get("/api/v1/strategies?account=paper-sim")[1]["items"]]


def condor(page: Page) -> int:
    """From the first screen to an iron condor on paper; returns the taps it took."""
    taps = 0

    def tap(what: Locator) -> None:
        nonlocal taps
        expect(what).to_be_enabled(timeout=BUSY)
        what.tap()
        taps += 1

    tap(page.get_by_role("button", name="More"))
    tap(page.get_by_role("navigation", name="More").get_by_role("link", name="Build"))
    tap(page.get_by_role("radio", name="Neutral"))
    tap(page.get_by_role("button", name="Iron condor", exact=False).first)
    tap(page.get_by_role("button", name="Review 4 orders"))
    tap(page.get_by_role("button", name="Send 4 orders on paper"))
    return taps


def test_iron_condor_when_built_on_a_phone_then_sent_in_eight_taps_tracked_adjusted_and_closed(
    open_page: Callable[..., Page], sauda: Sauda
) -> None:
    page = open_page("phone")
    expect(page.get_by_role("banner")).to_contain_text("PAPER", timeout=BUSY)

    assert condor(page) <= 8

    # tracked: four legs, defined risk, as one whole
    detail = page.get_by_role("region", name="Strategy", exact=True)
    expect(detail).to_contain_text("Active", timeout=BUSY)
    expect(detail).to_contain_text("Iron condor")
    kept = strategies(sauda)[0]
    assert kept["template"] == "iron_condor"
    eventually(lambda: len(sauda.get("/api/v1/positions")[1]["items"]) == 4, 40)
    held = {one["key"]: one["quantity"] for one in sauda.get("/api/v1/positions")[1]["items"]}
    assert sorted(held.values()) == [-65, -65, 65, 65]
    orders = sauda.get("/api/v1/orders?account=paper-sim&state=all")[1]["items"]
    sides = [one["side"] for one in sorted(orders, key=lambda one: str(one["created"]))]
    assert sides == ["BUY", "BUY", "SELL", "SELL"], "what is bought goes out first"

    # a stop and a target on the whole
    detail.get_by_role("button", name="Stop, target, alerts").tap()
    page.get_by_role("textbox", name="Stop, P&L of the whole").fill("5,000")
    page.get_by_role("textbox", name="Target, P&L of the whole").fill("4,000")
    sheet = page.get_by_role("dialog")
    expect(sheet).to_contain_text("The stop must be below the target.")
    page.get_by_role("textbox", name="Stop, P&L of the whole").fill("\u22129,000")
    page.get_by_role("button", name="Keep stop, target and alerts").tap()
    expect(detail).to_contain_text("On guard", timeout=BUSY)
    expect(detail).to_contain_text("stop \u2212\u20b99,000")

    # adjusted: before and after are shown, then the put side moves a strike up
    detail.get_by_role("button", name="Adjust").tap()
    adjust = page.get_by_role("dialog")
    expect(adjust.get_by_role("button", name="Send 8 orders")).to_be_enabled(timeout=BUSY)
    expect(adjust.get_by_role("img", name="Profit at expiry before and after")).to_be_visible()
    for box in adjust.get_by_role("checkbox").all()[2:]:
        box.uncheck()
    send = adjust.get_by_role("button", name="Send 4 orders")
    expect(send).to_be_enabled(timeout=BUSY)
    send.tap()
    eventually(lambda: len(strategies(sauda)[0]["adjustments"]) == 1, 40)  # type: ignore[arg-type]

    def stayed() -> list[tuple[str, int]]:
        """What is still held as it was, once four legs are held again."""
        now = {one["key"]: one["quantity"] for one in sauda.get("/api/v1/positions")[1]["items"] if one["quantity"]}
        return sorted(set(now.items()) & set(held.items())) if sorted(now.values()) == [-65, -65, 65, 65] else []

    eventually(lambda: len(stayed()) == 2, 60)  # the calls stayed, the puts moved

    # closed as a whole
    close = detail.get_by_role("button", name="Close", exact=True)
    expect(close).to_be_visible(timeout=BUSY)
    close.tap()
    button = page.get_by_role("dialog").get_by_role("button", name="Close 4 legs at market")
    expect(button).to_be_enabled(timeout=BUSY)
    button.tap()
    expect(detail).to_contain_text("Closed", timeout=BUSY)
    assert not [one for one in sauda.get("/api/v1/positions")[1]["items"] if one["quantity"]]
    told = sauda.get(f"/api/v1/strategies/{kept['id']}/performance")[1]
    assert told["net"] is not None
    detail.get_by_role("tab", name="Results").tap()
    expect(detail).to_contain_text("Net result")
    assert not re.search(r"NaN|undefined|Infinity", page.locator("main").inner_text())


def test_leg_when_given_a_limit_then_sent_at_it_and_any_leg_can_be_changed_later(
    open_page: Callable[..., Page], sauda: Sauda
) -> None:
    page = open_page("phone", "/builder?template=bull_call_spread")
    expect(page.get_by_role("button", name="Review 2 orders")).to_be_enabled(timeout=BUSY)
    page.get_by_role("button", name=re.compile("at the market. Set a limit")).first.tap()
    limit = page.get_by_role("textbox", name=re.compile("^Limit of ")).first
    start = float(limit.input_value())
    assert start > 0, "it starts where the leg would trade"
    page.get_by_role("button", name=re.compile("^Limit a tick up")).first.tap()
    ticks = (float(limit.input_value()) - start) / 0.05
    assert ticks >= 0.99 and abs(ticks - round(ticks)) < 1e-6, (
        "up by the tick; a busy machine may take a tap for a hold"
    )
    limit.fill("abc")
    expect(page.get_by_text("A price in steps of 0.05, above zero.")).to_be_visible()
    limit.fill(f"{start + 5:.2f}")  # above the ask: it fills
    page.get_by_role("button", name="Review 2 orders").tap()
    sheet = page.get_by_role("dialog")
    expect(sheet.get_by_role("list")).to_contain_text(f"limit {start + 5:.2f}")
    expect(sheet.get_by_role("list")).to_contain_text("about")
    send = sheet.get_by_role("button", name="Send 2 orders on paper")
    expect(send).to_be_enabled(timeout=BUSY)
    send.tap()
    detail = page.get_by_role("region", name="Strategy", exact=True)
    expect(detail).to_contain_text("Active", timeout=BUSY)
    orders = sauda.get("/api/v1/orders?account=paper-sim&state=all")[1]["items"]
    assert sorted(one["type"] for one in orders) == ["LIMIT", "MARKET"]
    eventually(lambda: len(sauda.get("/api/v1/positions")[1]["items"]) == 2, 40)

    detail.get_by_role("button", name="Adjust").tap()
    adjust = page.get_by_role("dialog")
    adjust.get_by_role("radio", name="Any legs").tap()
    expect(adjust.get_by_role("button", name="Nothing to send")).to_be_disabled()
    adjust.get_by_role("button", name="Add a put").tap()
    expect(adjust.get_by_role("button", name="Send 1 order")).to_be_enabled(timeout=BUSY)
    adjust.get_by_role("button", name=re.compile("^Remove ")).first.tap()
    last = adjust.get_by_role("button", name="Send 2 orders")
    expect(last).to_be_enabled(timeout=BUSY)
    expect(adjust.get_by_role("list", name="Sent in this order")).to_contain_text("closes")
    expect(adjust.get_by_role("img", name="Profit at expiry before and after")).to_be_visible()
    last.tap()

    def open_now() -> int:
        return len([one for one in sauda.get("/api/v1/positions")[1]["items"] if one["quantity"]])

    eventually(lambda: [one["kind"] for one in strategies(sauda)[0]["adjustments"]] == ["legs"], 40)  # type: ignore[attr-defined]
    eventually(lambda: open_now() == 2, 40)


def test_builder_when_scrubbed_by_keyboard_then_figures_follow_without_asking_the_server(
    open_page: Callable[..., Page],
) -> None:
    page = open_page("desktop", "/builder?template=iron_condor")
    expect(page.get_by_role("button", name="Review 4 orders")).to_be_enabled(timeout=BUSY)
    surface = page.get_by_role("slider", name="Profit over the spot")
    surface.focus()
    before = surface.get_attribute("aria-valuetext")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    for key in ("PageUp", "PageUp", "ArrowRight", "Home", "End"):
        page.keyboard.press(key)
        page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    after = surface.get_attribute("aria-valuetext")
    assert after != before
    assert not [url for url in asked if "template" in url or "scenarios" in url]
    expect(page.locator(".payoff-readout")).to_be_visible()
    page.get_by_role("tab", name="Figures").click()
    expect(page.get_by_text(re.compile(r"Greeks at \d"))).to_be_visible()
    page.get_by_role("slider", name="Date", exact=True).focus()
    page.keyboard.press("End")
    expect(page.get_by_role("group", name="What if")).to_contain_text("Expiry")
    page.get_by_role("tab", name="Table").click()
    table = page.get_by_role("region", name="Profit by spot and date")
    expect(table.get_by_role("row")).to_have_count(16)


def test_builder_when_the_server_goes_then_the_last_figures_stay_and_nothing_is_sent(
    open_page: Callable[..., Page], sauda: Sauda
) -> None:
    page = open_page("phone", "/builder?template=iron_condor")
    review = page.get_by_role("button", name="Review 4 orders")
    expect(review).to_be_enabled(timeout=BUSY)
    sauda.kill()
    expect(review).to_be_disabled(timeout=BUSY)
    expect(page.get_by_role("status").filter(has_text="Nothing can be sent until it is back")).to_be_visible()
    # an answer may still have come between a look and the end: what stands must be a figure, not a dash
    expect(page.get_by_text("Max profit").locator("..")).to_contain_text(re.compile(r"\+₹[\d,]+"))
    assert not re.search(r"NaN|undefined|Infinity", page.locator("main").inner_text())


def test_lots_when_not_a_whole_number_then_a_sentence_in_place(open_page: Callable[..., Page]) -> None:
    page = open_page("desktop", "/builder?template=bull_call_spread")
    lots = page.get_by_role("textbox", name="Lots", exact=True)
    expect(lots).to_be_visible(timeout=BUSY)
    for wrong in ("0", "-3", "1.5", "many"):
        lots.fill(wrong)
        expect(page.get_by_text("A whole number of lots from 1 to 999.").first).to_be_visible()
    lots.fill("2")
    expect(page.get_by_text("A whole number of lots from 1 to 999.")).to_have_count(0)


def test_outlook_when_given_then_ranked_strategies_with_reasons_that_can_be_built(
    open_page: Callable[..., Page],
) -> None:
    page = open_page("phone", "/builder")
    page.get_by_role("radio", name="Outlook").tap()
    first = page.get_by_role("list", name="Strategies, best first").get_by_role("listitem").first
    expect(first).to_be_visible(timeout=BUSY)
    expect(first).to_contain_text("of the cases you expect")
    first.get_by_role("button", name=re.compile("^Build ")).tap()
    expect(page.get_by_role("button", name=re.compile(r"Review \d orders?"))).to_be_visible(timeout=BUSY)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("device", ["desktop", "phone"])
def test_builder_and_strategies_when_in_use_then_axe_finds_nothing_serious(
    browser: Browser, sauda: Sauda, device: str, dark: bool
) -> None:
    options = PHONE if device == "phone" else {"viewport": {"width": 1440, "height": 900}}
    context = browser.new_context(**options, color_scheme="dark" if dark else "light", reduced_motion="reduce")
    page = context.new_page()
    page.goto(f"{sauda.url}/builder?template=iron_condor")
    expect(page.get_by_role("button", name="Review 4 orders")).to_be_enabled(timeout=BUSY)
    page.evaluate(AXE + ";void 0")
    found: list[str] = []

    def judge(where: str) -> None:
        for violation in page.evaluate("rules => axe.run(document, {runOnly: rules})", RULES)["violations"]:
            if violation["impact"] in ("serious", "critical"):
                found.extend(f"{where}: {violation['id']} {node['target']}" for node in violation["nodes"][:3])

    for tab in ("Figures", "Table", "Compare", "Legs"):
        page.get_by_role("tab", name=tab, exact=True).click()
        judge(tab)
    page.get_by_role("button", name=re.compile("at the market. Set a limit")).first.click()
    judge("limit")
    page.get_by_role("button", name=re.compile("Back to market")).first.click()
    page.get_by_role("button", name="Review 4 orders").click()
    send = page.get_by_role("button", name="Send 4 orders on paper")
    expect(send).to_be_enabled(timeout=BUSY)
    judge("send")
    send.click()
    detail = page.get_by_role("region", name="Strategy", exact=True)
    expect(detail).to_contain_text("Active", timeout=BUSY)
    for tab in ("Payoff", "Through time", "Legs", "Results"):
        detail.get_by_role("tab", name=tab).click()
        judge(tab)
    detail.get_by_role("button", name="Adjust").click()
    adjust = page.get_by_role("dialog")
    adjust.get_by_role("radio", name="Any legs").click()
    adjust.get_by_role("button", name="Add a put").click()
    expect(adjust.get_by_role("button", name="Send 1 order")).to_be_enabled(timeout=BUSY)
    judge("any legs")
    context.close()
    assert found == []


def test_positions_when_opened_elsewhere_then_found_as_a_strategy_ungrouped_and_grouped_by_hand(
    open_page: Callable[..., Page], sauda: Sauda
) -> None:
    chain = sauda.get("/api/v1/options/NIFTY?strikes=3", timeout=60)[1]
    row = next(one for one in chain["rows"] if float(one["strike"]) == chain["summary"]["atm_strike"])
    keys = [row["ce"]["key"], row["pe"]["key"]]
    sauda.get(f"/api/v1/quotes?keys={','.join(keys)}")
    for number, key in enumerate(keys):
        order = {"account": "paper-sim", "key": key, "side": "BUY", "quantity": chain["lot"], "type": "MARKET"}
        status, _ = sauda.post("/api/v1/orders", {**order, "product": "NRML", "request_id": f"found-{number}"})
        assert status == 201
    page = open_page("desktop", "/strategies")
    found = page.get_by_role("row", name="Long straddle").first
    expect(found).to_be_visible(timeout=BUSY)
    found.click()
    detail = page.get_by_role("region", name="Strategy", exact=True)
    expect(detail).to_contain_text("found in positions")
    detail.get_by_role("button", name="Ungroup").click()
    page.get_by_role("dialog").get_by_role("button", name="Ungroup").click()
    expect(page.get_by_text("positions belong to no strategy")).to_be_visible(timeout=BUSY)
    page.get_by_role("button", name="Group by hand").click()
    page.get_by_role("textbox", name="Name").fill("Budget day")
    page.get_by_role("button", name="Group 2 positions").click()
    expect(detail).to_contain_text("Budget day", timeout=BUSY)
    expect(detail).to_contain_text("grouped by hand")
    held = [one["quantity"] for one in sauda.get("/api/v1/positions")[1]["items"]]
    assert held == [chain["lot"]] * 2, "grouping trades nothing"


def test_draft_when_kept_then_opened_again_and_deleted(open_page: Callable[..., Page], sauda: Sauda) -> None:
    page = open_page("phone", "/builder?template=bull_put_spread")
    expect(page.get_by_role("button", name="Review 2 orders")).to_be_enabled(timeout=BUSY)
    page.get_by_role("button", name="More for this strategy").tap()
    page.get_by_role("button", name="Save as a draft").tap()
    expect(page.get_by_text("is saved as a draft")).to_be_visible()
    assert [one["state"] for one in strategies(sauda)] == ["DRAFT"]
    assert sauda.get("/api/v1/positions")[1]["items"] == []
    page.get_by_role("button", name="More for this strategy").tap()
    page.get_by_role("button", name="Clear all legs").tap()
    page.get_by_role("radio", name="Drafts").tap()
    page.get_by_role("button", name=re.compile("Bull put spread.*2 legs")).tap()
    expect(page.get_by_role("button", name="Review 2 orders")).to_be_enabled(timeout=BUSY)
    page.get_by_role("button", name="Templates").tap()
    page.get_by_role("radio", name="Drafts").tap()
    page.get_by_role("button", name=re.compile("Delete the draft")).tap()
    expect(page.get_by_text("No drafts yet.")).to_be_visible()
    assert strategies(sauda) == []
