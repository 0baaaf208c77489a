"""The ticket where fractions trade: 0.015 BTC typed, a wrong step told before it is asked, dollars and never rupees."""

import re
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.brokers.binance import KEY as API_KEY
from tests.brokers.binance import SECRET
from tests.browser import DESKTOP, PHONE
from tests.process import ROOT, Sauda, eventually, free_port

BTC = "CRYPTO:BTCUSDT"


class Live(Sauda):
    """The app with an account of its own."""

    account = ""


@pytest.fixture(scope="module")
def binance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """The app with a checked account at a fake Binance."""
    port = free_port()
    folder: Path = tmp_path_factory.mktemp("fractions")
    server = Live(folder / "data", server__mode="development", market__history_days=0)
    command = [sys.executable, "-m", "tests.brokers.fake", "binance", "--port", str(port), "--still"]
    broker = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE)
    try:
        assert broker.stdout is not None
        assert b"a fake on" in broker.stdout.readline()
        server.start()
        places = {
            "rest": f"http://127.0.0.1:{port}",
            "stream": f"ws://127.0.0.1:{port}/stream",
            "orders_stream": f"ws://127.0.0.1:{port}/user",
        }
        fields = {"api_key": API_KEY, "secret_key": SECRET, "market": "spot"}
        asked = {"broker": "binance", "title": "Binance of the test", "fields": fields, "addresses": places}
        status, begun = server.post("/api/v1/accounts", asked, timeout=60)
        assert status == 200, begun
        server.account = begun["account"]
        eventually(lambda: server.get("/api/v1/accounts")[1]["items"][0]["state"] == "connected", 60)

        def checked() -> bool:
            found = server.post(
                f"/api/v1/accounts/{server.account}/check", {"key": BTC, "with_order": True}, timeout=60
            )[1]
            return bool(found.get("passed"))

        eventually(checked, 120)
        server.post(f"/api/v1/accounts/{server.account}/confirm", {})
        with moving(port):
            yield server
    finally:
        server.stop()
        broker.terminate()
        broker.communicate(timeout=10)


def opened(browser: Browser, server: Live, device: dict[str, Any], scheme: Any = "light") -> Page:
    """The app at the account, its instrument on screen."""
    context = browser.new_context(**device, color_scheme=scheme, reduced_motion="reduce")
    context.add_init_script(f"sessionStorage.setItem('sauda.account', '{server.account}')")
    page = context.new_page()
    page.goto(server.url)
    return page


@contextmanager
def moving(port: int) -> Iterator[None]:
    """The price goes up and down by a tick each half second: a ticket sends nothing at an old one."""
    over = threading.Event()

    def walk() -> None:
        up = False
        while not over.wait(0.5):
            up = not up
            bid = "800.01" if up else "800.00"
            place = f"http://127.0.0.1:{port}/_fake/market?key={BTC}&bid={bid}&ask=800.02&quantity=5000"
            with suppress(OSError), urllib.request.urlopen(place, timeout=5):
                pass

    thread = threading.Thread(target=walk)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def ticket_of(page: Page) -> Locator:
    """The order ticket of BTCUSDT, found with the palette."""
    expect(page.get_by_text("0.00 USDT").first).to_be_visible()
    page.keyboard.press("Control+k")
    page.locator(".palette input").fill("BTCUSDT")
    page.locator("#palette-list").get_by_text("BTCUSDT").first.click()
    ticket = page.get_by_role("region", name="Order ticket")
    if not ticket.is_visible():  # a phone shows the instrument first
        page.get_by_role("button", name="Buy").first.click()
    expect(ticket).to_contain_text("BTC")
    return ticket


def test_ticket_when_fractions_trade_then_it_takes_them_and_says_what_is_wrong(browser: Browser, binance: Live) -> None:
    page = opened(browser, binance, DESKTOP)
    ticket = ticket_of(page)
    quantity = ticket.get_by_label("Quantity of BTC")
    quantity.fill("0.0155")
    expect(ticket).to_contain_text("Steps of 0.001")
    quantity.fill("0.001")
    expect(ticket).to_contain_text("Worth at least 5 USDT")
    quantity.fill("0.015")
    expect(ticket).to_contain_text("12.00 USDT")
    send = ticket.get_by_role("button", name=re.compile(r"Buy 0\.015"))
    expect(send).to_be_enabled()
    send.press("Enter")  # its words change now
    page.keyboard.press("Enter")
    expect(page.get_by_role("table", name="Positions")).to_contain_text("+0.015")
    (held,) = binance.get(f"/api/v1/positions?account={binance.account}")[1]["items"]
    assert (held["quantity"], held["unit"]) == (15, "0.001")
    for path in ("/orders", "/portfolio", "/wallet", "/"):
        page.goto(binance.url + path)
        expect(page.get_by_text("USDT").first).to_be_visible()
        assert "\u20b9" not in page.locator("body").inner_text(), path
    page.context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_ticket_when_on_a_phone_then_the_whole_step_is_one_tap_and_nothing_is_cut_off(
    browser: Browser, binance: Live, scheme: str
) -> None:
    page = opened(browser, binance, PHONE, scheme)
    ticket = ticket_of(page)
    quantity = ticket.get_by_label("Quantity of BTC")
    quantity.fill("0.015")
    ticket.get_by_role("button", name=re.compile("More|Larger|more", re.IGNORECASE)).first.click()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert "\u20b9" not in page.locator("body").inner_text()
    page.context.close()
