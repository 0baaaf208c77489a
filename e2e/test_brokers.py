"""A broker is connected through its own login page, seen in the app, checked, signed out and forgotten."""

import re
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser import DESKTOP, PHONE
from tests.process import ROOT, Sauda, free_port


@pytest.fixture
def kite(tmp_path: Path) -> Iterator[tuple[Sauda, str]]:
    """The app in development mode, and a fake Kite beside it."""
    port = free_port()
    server = Sauda(tmp_path / "data", server__mode="development", market__history_days=0)
    command = [sys.executable, "-m", "tests.brokers.fake", "zerodha", "--port", str(port)]
    command += ["--redirect", f"{server.url}/connect/callback"]
    broker = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE)
    try:
        assert broker.stdout is not None
        assert b"a fake on" in broker.stdout.readline()
        yield server.start(), f"http://127.0.0.1:{port}"
    finally:
        server.stop()
        broker.terminate()
        broker.communicate(timeout=10)


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[tuple[Sauda, str]]:
    """The app, and a fake IB Gateway beside it: where it listens for clients."""
    port = free_port()
    server = Sauda(tmp_path / "data", server__mode="development", market__history_days=0)
    command = [sys.executable, "-m", "tests.brokers.fake", "interactive_brokers", "--port", str(port)]
    broker = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE)
    try:
        assert broker.stdout is not None
        assert b"a fake on" in broker.stdout.readline()
        yield server.start(), broker.stdout.readline().split()[-1].decode()
    finally:
        server.stop()
        broker.terminate()
        broker.communicate(timeout=10)


def sign_in(page: Page, address: str) -> None:
    """Keys, the broker's page, its button, and back."""
    page.get_by_role("button", name="Connect Zerodha Kite").click()
    sheet = page.locator("dialog.sheet")
    sheet.locator("#connect-title").fill("Kite of the test")
    sheet.locator("#connect-api_key").fill("kitefakekey0001")
    sheet.locator("#connect-api_secret").fill("kitefakesecret0000000000000001")
    sheet.locator("#connect-addresses").fill(
        f"rest={address} stream={address.replace('http', 'ws')}/ws login={address}/connect/login"
    )
    sheet.get_by_role("button", name=re.compile("Go to the login page")).click()
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(re.compile(r"/brokers"))


def test_broker_when_connected_by_its_login_page_then_its_account_stands_in_the_app(
    browser: Browser, kite: tuple[Sauda, str]
) -> None:
    server, address = kite
    context = browser.new_context(**DESKTOP, reduced_motion="reduce")
    page = context.new_page()
    page.goto(f"{server.url}/brokers?tab=connect")
    sign_in(page, address)
    card = page.locator("article.card", has_text="Kite of the test")
    expect(card).to_contain_text("Connected")
    expect(card).to_contain_text("LIVE")
    expect(card).to_contain_text("FK0001")
    expect(page.locator(".strip")).to_contain_text("Brokers1/1")
    page.get_by_role("tab", name="All together").click()
    expect(page.get_by_role("region", name="Kite of the test")).to_contain_text("SBIN")
    page.get_by_role("tab", name="Usage").click()
    expect(page.get_by_role("table").first).to_contain_text("Kite of the test")
    assert "kitefakesecret" not in page.content()
    page.get_by_role("tab", name="Accounts").click()
    card.get_by_role("button", name="Forget the keys").click()
    page.get_by_role("button", name="Remove the keys").click()
    expect(card).to_contain_text("Signed out")
    context.close()


def test_usage_and_rules_when_sauda_starts_again_then_still_there(browser: Browser, kite: tuple[Sauda, str]) -> None:
    server, address = kite
    context = browser.new_context(**DESKTOP, reduced_motion="reduce")
    page = context.new_page()
    page.goto(f"{server.url}/brokers?tab=connect")
    sign_in(page, address)
    expect(page.locator("article.card", has_text="Kite of the test")).to_contain_text("Connected")
    page.get_by_role("tab", name="Routing").click()
    prices = page.get_by_role("region", name="Live prices")
    expect(prices).to_contain_text("asked first")
    expect(prices).to_contain_text(re.compile(r"Score [01]\.\d\d: \d+\.\d% succeed, median \d+ ms"))
    page.get_by_label("NFO").select_option(label="Kite of the test")
    expect(page.get_by_role("status").filter(has_text="Kept")).to_be_visible()
    page.get_by_role("tab", name="Usage").click()
    rows = page.get_by_role("region", name="By endpoint").get_by_role("row")
    expect(rows.filter(has_text="Kite of the test").first).to_be_visible()
    page.get_by_role("button", name="quotes").or_(page.get_by_role("button", name="default")).first.click()
    expect(page.get_by_role("region", name=re.compile("Latency: Kite of the test"))).to_be_visible()
    server.stop()
    before = calls(server.data)
    server.start()
    page.goto(f"{server.url}/brokers?tab=usage")
    expect(rows.filter(has_text="Kite of the test").first).to_be_visible()
    assert calls(server.data)[: len(before)] == before
    page.get_by_role("tab", name="Routing").click()
    expect(page.get_by_label("NFO")).to_have_value("zerodha-1")
    context.close()


def calls(data: Path) -> list[tuple[str, str]]:
    """What the usage log has on disk, oldest first."""
    with closing(sqlite3.connect(data / "usage.db")) as connection:
        return connection.execute("SELECT endpoint, call FROM calls ORDER BY rowid").fetchall()


def test_keys_when_wrong_then_the_brokers_words_and_nothing_is_kept(browser: Browser, kite: tuple[Sauda, str]) -> None:
    server, _ = kite
    context = browser.new_context(**PHONE, reduced_motion="reduce")
    page = context.new_page()
    page.goto(f"{server.url}/brokers?tab=connect")
    page.get_by_role("button", name="Connect Zerodha Kite").click()
    sheet = page.locator("dialog.sheet")
    sheet.get_by_role("button", name=re.compile("Go to the login page")).click()
    expect(sheet.get_by_role("alert")).to_contain_text("is missing")
    page.goto(f"{server.url}/connect/callback?state=forged&request_token=x&status=success")
    expect(page.locator(".page.brokers > .note")).to_contain_text("not begun here")
    assert server.get("/api/v1/accounts")[1]["items"] == []
    context.close()


def test_schwab_when_it_sends_its_user_back_to_https_then_sauda_is_there(browser: Browser, tmp_path: Path) -> None:
    port, back = free_port(), free_port()
    address, callback = f"127.0.0.1:{port}", f"https://127.0.0.1:{back}"
    paths = {"rest": "trader/v1", "data": "marketdata/v1", "login": "v1/oauth/authorize", "token": "v1/oauth/token"}
    places = [f"{name}=http://{address}/{path}" for name, path in paths.items()]
    server = Sauda(tmp_path / "data", server__mode="development", market__history_days=0)
    command = [sys.executable, "-m", "tests.brokers.fake", "schwab", "--port", str(port), "--redirect", callback]
    broker = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE)
    try:
        assert broker.stdout is not None
        assert b"a fake on" in broker.stdout.readline()
        server.start()
        # the owner tells the browser to go on in spite of the certificate that it does not know
        context = browser.new_context(**DESKTOP, reduced_motion="reduce", ignore_https_errors=True)
        page = context.new_page()
        page.goto(f"{server.url}/brokers?tab=connect")
        page.get_by_role("button", name="Connect Charles Schwab").click()
        sheet = page.locator("dialog.sheet")
        for name, value in (
            ("title", "Schwab of the test"),
            ("app_key", "FakeAppKey0000000000000000000001"),
            ("app_secret", "FakeSecret000001"),
            ("callback", "http://127.0.0.1:8182"),
            ("symbols", "AAPL, BRK.B"),
            ("addresses", " ".join((*places, f"stream=ws://{address}/ws"))),
        ):
            sheet.locator(f"#connect-{name}").fill(value)
        sheet.get_by_role("button", name=re.compile("Go to the login page")).click()
        expect(sheet.get_by_role("alert")).to_contain_text("https addresses only")
        sheet.locator("#connect-callback").fill(callback)
        sheet.get_by_role("button", name=re.compile("Go to the login page")).click()
        page.wait_for_url(re.compile(r"/brokers\?account=schwab-1"))
        card = page.locator("article.card", has_text="Schwab of the test")
        expect(card).to_contain_text("Connected")
        expect(card).to_contain_text("12345678")
        expect(card).to_contain_text("live orders need gold")
        assert "FakeSecret" not in page.content()
        context.close()
    finally:
        server.stop()
        broker.terminate()
        broker.communicate(timeout=10)


def test_gateway_when_its_address_is_given_then_connected_and_its_check_offers_what_it_trades(
    browser: Browser, gateway: tuple[Sauda, str]
) -> None:
    server, address = gateway
    context = browser.new_context(**DESKTOP, reduced_motion="reduce")
    page = context.new_page()
    page.goto(f"{server.url}/brokers?tab=connect")
    page.get_by_role("button", name="Connect Interactive Brokers").click()
    sheet = page.locator("dialog.sheet")
    expect(sheet).to_contain_text("must run on this machine")
    sheet.get_by_label("Shares").fill("AAPL, MSFT")
    sheet.get_by_label(re.compile("^Gateway")).fill("127.0.0.1:1")
    sheet.get_by_role("button", name="Test and save").click()
    expect(sheet.get_by_role("alert")).to_contain_text("No TWS or IB Gateway answers")
    sheet.get_by_label(re.compile("^Gateway")).fill(address)
    sheet.get_by_role("button", name="Test and save").click()
    card = page.locator("article.card", has_text="DU1234567")
    expect(card).to_contain_text("Connected", timeout=30_000)
    card.get_by_role("button", name="Check").click()
    rows = page.locator("dialog.sheet .search-row")
    expect(rows.first).to_contain_text("GLOBAL")
    expect(rows).to_have_count(2)
    context.close()
