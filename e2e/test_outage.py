"""The server goes away under an open page, and comes back; and a reload while it is dead."""

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.process import Sauda


def ticket_of(page: Page) -> str:
    """Choose a share; the name of its ticket region."""
    page.get_by_role("tab", name="Shares").click()
    page.get_by_role("button", name=re.compile("^RELIANCE ")).first.click(position={"x": 24, "y": 12})
    return "Order ticket"


def test_page_locks_while_the_server_is_dead_and_resumes_without_reload(
    open_page: Callable[..., Page], sauda: Sauda
) -> None:
    page = open_page("desktop", "/portfolio")
    ticket = page.get_by_role("region", name=ticket_of(page))
    send = ticket.get_by_role("button", name=re.compile("^Buy 1 "))
    expect(send).to_be_enabled()
    page.evaluate("window.here = 1")
    sauda.kill()
    expect(send).to_be_disabled(timeout=15_000)
    expect(ticket).to_contain_text("The server is not answering")
    expect(page.get_by_role("banner")).to_contain_text("no server")
    sauda.start()
    expect(ticket.get_by_role("button", name=re.compile("^Buy 1 "))).to_be_enabled(timeout=30_000)
    assert page.evaluate("window.here") == 1, "the page was reloaded"
    ticket.get_by_role("button", name=re.compile("^Buy 1 ")).click()
    expect(page.get_by_text("Bought 1 RELIANCE at")).to_be_visible()


def test_reload_with_the_server_dead_shows_the_last_state_with_its_age(
    open_page: Callable[..., Page], sauda: Sauda
) -> None:
    page = open_page("phone", "/")
    expect(page.get_by_text("RELIANCE").or_(page.get_by_text("NIFTY")).first).to_be_visible()
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    page.wait_for_timeout(4_000)  # the last state is stored every few seconds
    sauda.kill()
    page.reload()
    expect(page.get_by_text("NIFTY").first).to_be_visible()
    expect(page.get_by_role("banner")).to_contain_text("no server")
    page.get_by_role("tab", name="Shares").tap()
    page.get_by_role("button", name=re.compile("^RELIANCE")).first.tap()
    page.get_by_role("button", name="Buy", exact=True).first.tap()
    ticket = page.get_by_role("region", name="Order ticket")
    expect(ticket.get_by_role("button", name=re.compile("^Buy")).last).to_be_disabled()
    expect(ticket).to_contain_text("The server is not answering")


def test_two_windows_in_step(open_page: Callable[..., Page], sauda: Sauda) -> None:
    first = open_page("desktop", "/orders")
    second = first.context.new_page()
    second.goto(sauda.url + "/portfolio")
    ticket_of(first)
    first.get_by_role("region", name="Order ticket").get_by_role("button", name=re.compile("^Buy 1 ")).click()
    expect(first.get_by_role("row", name=re.compile("RELIANCE Buy 1 .* Filled"))).to_be_visible()
    expect(second.get_by_role("row", name=re.compile(r"RELIANCE Delivery \+1"))).to_be_visible()
    second.get_by_role("row", name=re.compile("RELIANCE")).get_by_role("button", name="Exit").click()
    confirm = second.get_by_role("dialog").get_by_role("button", name=re.compile("Sell 1|Exit"))
    if confirm.count():
        confirm.last.click()
    expect(first.get_by_role("row", name=re.compile("RELIANCE Sell 1 .* Filled"))).to_be_visible()
