"""Orders from the desk: limit placed, modified, cancelled; a stop hit; a basket; the kill switch."""

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from playwright.sync_api import Locator, Page, expect

from tests.process import Sauda, eventually


def pick(page: Page, name: str, *, tab: str = "Shares") -> Locator:
    """Choose an instrument from the watchlist; returns the ticket."""
    page.get_by_role("tab", name=tab).click()
    page.get_by_role("button", name=re.compile(rf"^{name} ")).first.click(position={"x": 24, "y": 12})
    ticket = page.get_by_role("region", name="Order ticket")
    expect(ticket).to_contain_text(name)
    return ticket


def quote(server: Sauda, key: str) -> dict[str, Any]:
    """The quote of one instrument."""
    found: dict[str, Any] = server.get(f"/api/v1/quotes?keys={key}")[1]["items"][0]
    return found


def test_limit_order_placed_modified_cancelled(open_page: Callable[..., Page], sauda: Sauda) -> None:
    page = open_page("desktop", "/orders")
    ticket = pick(page, "TCS")
    ticket.get_by_role("radio", name="Limit").click()
    low = f"{Decimal(quote(sauda, 'NSE:TCS')['bid']) - 30:.2f}"
    ticket.get_by_role("textbox", name="Limit price").fill(low)
    ticket.get_by_role("button", name=re.compile("^Buy 1 ")).click()
    row = page.get_by_role("row", name=re.compile(r"TCS Buy 1 .* Open"))
    expect(row).to_be_visible()

    row.get_by_role("button", name="Modify").click()
    lower = f"{Decimal(low) - 5:.2f}"
    page.get_by_role("textbox", name="Limit price").last.fill(lower)
    page.get_by_role("button", name=re.compile("^Change to 1 at")).click()
    expect(page.get_by_role("row", name=re.compile(f"TCS Buy 1 {Decimal(lower):,.2f}"))).to_be_visible()

    page.get_by_role("row", name=re.compile("TCS Buy 1 .* Open")).get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("row", name=re.compile("TCS Buy 1 .* Cancelled"))).to_be_visible()
    order = sauda.get("/api/v1/orders?account=paper-sim")[1]["items"][0]
    assert (order["state"], Decimal(order["price"])) == ("CANCELLED", Decimal(lower))


def test_stop_loss_is_hit(open_page: Callable[..., Page], sauda: Sauda) -> None:
    page = open_page("desktop", "/orders")
    ticket = pick(page, "RELIANCE")
    ticket.get_by_role("button", name=re.compile("^Buy 1 ")).click()
    expect(page.get_by_role("row", name=re.compile("RELIANCE Buy 1 .* Filled"))).to_be_visible()
    ticket.get_by_role("radio", name="Sell").click()
    ticket.get_by_role("radio", name="SL-M").click()
    last = Decimal(quote(sauda, "NSE:RELIANCE")["ltp"])
    ticket.get_by_role("textbox", name="Trigger price").fill(f"{last - Decimal('0.5'):.2f}")
    ticket.get_by_role("button", name=re.compile("^Sell 1 ")).click()
    expect(page.get_by_role("row", name=re.compile("RELIANCE Sell 1 .* Waits for trigger"))).to_be_visible()
    sauda.post("/api/v1/markets/sim/control", {"action": "scenario", "name": "crash"})
    sauda.post("/api/v1/markets/sim/control", {"action": "speed", "value": 60})
    expect(page.get_by_role("row", name=re.compile("RELIANCE Sell 1 .* Filled"))).to_be_visible(timeout=60_000)
    held = [p["quantity"] for p in sauda.get("/api/v1/positions")[1]["items"]]
    assert held == [0]


def test_basket_sends_buy_legs_first(open_page: Callable[..., Page], sauda: Sauda) -> None:
    page = open_page("desktop", "/orders?tab=baskets")
    page.get_by_role("button", name="New basket").first.click()
    sheet = page.get_by_role("dialog").last
    for name in ("INFY", "SBIN"):
        sheet.get_by_role("button", name="Add a leg", exact=True).click()
        search = page.get_by_role("dialog").last
        search.get_by_role("searchbox").fill(f"{name} fut")
        found = re.compile(f"^{name} FUT")
        search.get_by_role("button", name=found).first.click()
    sheet.get_by_role("button", name="Buy or sell INFY FUT").click()
    sheet.get_by_role("button", name=re.compile("^Send 2 orders")).click()
    expect(page.get_by_role("tab", name=re.compile("^Baskets"))).to_be_visible()
    eventually(lambda: len(sauda.get("/api/v1/trades")[1]["items"]) == 2)
    trades = sauda.get("/api/v1/trades")[1]["items"]
    assert [t["fill"]["side"] for t in reversed(trades)] == ["BUY", "SELL"]
    basket = sauda.get("/api/v1/baskets")[1]["items"][0]
    assert basket["state"] == "DONE"


def test_kill_switch_cancels_and_blocks_until_released(open_page: Callable[..., Page], sauda: Sauda) -> None:
    low = f"{Decimal(quote(sauda, 'NSE:TCS')['bid']) - 30:.2f}"
    order = {
        "account": "paper-sim",
        "key": "NSE:TCS",
        "side": "BUY",
        "quantity": 1,
        "type": "LIMIT",
        "price": low,
        "product": "MIS",
    }
    assert sauda.post("/api/v1/orders", order)[0] == 201
    page = open_page("desktop", "/orders")
    button = page.get_by_role("button", name=re.compile("Kill switch")).first
    expect(page.get_by_role("row", name=re.compile("TCS Buy 1 .* Open"))).to_be_visible()
    box = button.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.wait_for_timeout(300)
    page.mouse.up()
    assert sauda.get("/api/v1/kill-switch")[1]["engaged"] is False, "a short press must not engage it"
    page.mouse.down()
    expect(page.get_by_text("1 order cancelled")).to_be_visible()
    page.mouse.up()
    assert sauda.post("/api/v1/orders", order)[1]["code"].startswith("risk.")
    page.get_by_role("dialog").last.get_by_role("button", name="Close").click()
    expect(page.get_by_text("New orders are refused").first).to_be_visible()
    page.get_by_role("button", name="Release").first.click()
    dialog = page.get_by_role("dialog").last
    dialog.get_by_role("textbox", name="Reason").fill("All is well again")
    dialog.get_by_role("button", name="Release").click()
    eventually(lambda: not sauda.get("/api/v1/kill-switch")[1]["engaged"])
    assert sauda.post("/api/v1/orders", order)[0] == 201
