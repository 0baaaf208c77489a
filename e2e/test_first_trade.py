"""First start to first filled trade in five taps on a phone."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.process import Sauda


def test_first_trade_in_five_taps_on_a_phone(open_page: Callable[..., Page], sauda: Sauda) -> None:
    page = open_page("phone")
    taps = 0

    def tap(role: str, name: str) -> None:
        nonlocal taps
        page.get_by_role(role, name=name).first.tap()  # type: ignore[arg-type]
        taps += 1

    tap("tab", "Shares")
    tap("row", "RELIANCE") if page.get_by_role("row", name="RELIANCE").count() else tap("button", "RELIANCE")
    tap("button", "Buy")
    ticket = page.get_by_role("region", name="Order ticket")
    expect(ticket).to_contain_text("PAPER")
    expect(ticket).to_contain_text("Charges")
    send = ticket.get_by_role("button", name="Buy 1 ")
    expect(send).to_be_enabled()
    send.tap()
    taps += 1
    expect(page.get_by_text("Bought 1 RELIANCE at")).to_be_visible()
    assert taps <= 5
    positions = sauda.get("/api/v1/positions")[1]["items"]
    assert [(p["key"], p["quantity"]) for p in positions] == [("NSE:RELIANCE", 1)]
    page.get_by_role("link", name="Portfolio").tap()
    expect(page.get_by_text("RELIANCE").first).to_be_visible()
    audit = sauda.get("/api/v1/audit?limit=20")[1]["items"]
    assert any("Bought 1 RELIANCE" in line["text"] for line in audit)
