"""Every page, phone and desktop, light and dark: axe, no sideways scroll, a clean console; and installable."""

from collections.abc import Callable, Iterator
from pathlib import Path

import axe_playwright_python
import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Playwright, Response, expect

from tests.browser import FLAGS, chromium_path
from tests.process import Sauda, open_market

PAGES = (
    "/",
    "/charts",
    "/options",
    "/options?tab=straddle",
    "/options?tab=volatility",
    "/builder",
    "/strategies",
    "/orders",
    "/portfolio",
    "/wallet",
    "/brokers",
    "/brokers?tab=connect",
    "/brokers?tab=together",
    "/brokers?tab=masters",
    "/brokers?tab=usage",
    "/system",
    "/settings",
)
AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
RULES = ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sauda]:
    """One server for all looks, with something to look at."""
    server = Sauda(tmp_path_factory.mktemp("pages") / "data", paper__latency_ms=0).start()
    open_market(server)
    for number, (key, side, product) in enumerate(
        (("NSE:RELIANCE", "BUY", "MIS"), ("NSE:INFY", "BUY", "CNC"), ("NSE:SBIN", "SELL", "MIS"))
    ):
        order = {"account": "paper-sim", "key": key, "side": side, "quantity": 5, "type": "MARKET", "product": product}
        assert server.post("/api/v1/orders", {**order, "request_id": f"look-{number}"})[0] == 201
    yield server
    server.stop()


class Look:
    """An open page and what its console complained of."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.complaints: list[str] = []
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", self._console)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(f"{message.text} {message.location.get('url', '')}")


def look(browser: Browser, server: Sauda, path: str, width: int, height: int, *, dark: bool, touch: bool) -> Look:
    """Open a page and wait until prices are on it."""
    context = browser.new_context(
        viewport={"width": width, "height": height},
        has_touch=touch,
        is_mobile=touch,
        color_scheme="dark" if dark else "light",
        reduced_motion="reduce",
    )
    seen = Look(context.new_page())
    page = seen.page
    page.goto(server.url + path)
    expect(page.get_by_role("main")).to_be_visible()
    expect(page.get_by_role("banner")).to_contain_text("PAPER")
    page.wait_for_timeout(1_200)  # let the first figures arrive, so that what is judged is what a user sees
    return seen


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("touch", [False, True], ids=["desktop", "phone"])
@pytest.mark.parametrize("path", PAGES)
def test_page_has_no_serious_finding(browser: Browser, running: Sauda, path: str, touch: bool, dark: bool) -> None:
    size = (412, 915) if touch else (1440, 900)
    seen = look(browser, running, path, *size, dark=dark, touch=touch)
    page = seen.page
    page.evaluate(AXE + ";void 0")
    found = page.evaluate("rules => axe.run(document, {runOnly: rules})", RULES)
    serious = [
        f"{v['id']}: {n['target']} {n.get('failureSummary', '')[:160]}"
        for v in found["violations"]
        if v["impact"] in ("serious", "critical")
        for n in v["nodes"][:3]
    ]
    over = overflow(page)
    page.context.close()
    assert not serious, serious
    assert not seen.complaints, seen.complaints
    assert over <= 0, f"{over} px too wide"


def overflow(page: Page) -> int:
    """Pixels by which the page is wider than its window."""
    over: int = page.evaluate("document.scrollingElement.scrollWidth - document.scrollingElement.clientWidth")
    return over


@pytest.mark.parametrize("path", PAGES)
def test_page_never_scrolls_sideways(browser: Browser, running: Sauda, path: str) -> None:
    page = look(browser, running, path, 320, 800, dark=False, touch=True).page
    over = {320: overflow(page)}
    for width in (412, 720):
        page.set_viewport_size({"width": width, "height": 800})
        page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
        over[width] = overflow(page)
    page.context.close()
    assert not any(pixels > 0 for pixels in over.values()), f"{path} is too wide, px by width: {over}"


def test_app_is_installable(playwright: Playwright, running: Sauda, tmp_path: Path) -> None:
    context = playwright.chromium.launch_persistent_context(
        str(tmp_path / "profile"), executable_path=chromium_path(), args=FLAGS, headless=True
    )
    page = context.new_page()
    page.goto(running.url)
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    session = context.new_cdp_session(page)
    errors = session.send("Page.getInstallabilityErrors")["installabilityErrors"]
    context.close()
    assert errors == []


def test_first_load_is_small(browser: Browser, running: Sauda) -> None:
    context = browser.new_context(service_workers="block")
    page = context.new_page()
    sizes: list[int] = []

    def count(answer: Response) -> None:
        if running.url in answer.url and "/api/" not in answer.url:
            sizes.append(int(answer.headers.get("content-length", "0")))

    page.on("response", count)
    page.goto(running.url)
    expect(page.get_by_role("banner")).to_contain_text("PAPER")
    page.wait_for_timeout(500)
    context.close()
    assert sum(sizes) <= 150_000, f"{sum(sizes)} bytes"


def test_keyboard_alone_places_an_order(open_page: Callable[..., Page], sauda: Sauda) -> None:
    page = open_page("desktop", "/")
    expect(page.get_by_role("banner")).to_contain_text("PAPER", timeout=15_000)
    page.keyboard.press("Control+k")
    expect(page.get_by_role("combobox", name="Find anything")).to_be_focused(timeout=15_000)
    page.keyboard.type("sbin")
    expect(page.get_by_role("option", name="SBIN").first).to_be_visible(timeout=15_000)
    page.keyboard.press("Enter")
    ticket = page.get_by_role("region", name="Order ticket")
    expect(ticket).to_contain_text("SBIN")
    expect(ticket.get_by_role("textbox", name="Quantity")).to_be_focused()
    send = ticket.get_by_role("button", name="Buy 1 ")
    expect(send).to_be_enabled()
    for _ in range(12):
        if send.evaluate("e => e === document.activeElement"):
            break
        page.keyboard.press("Tab")
    expect(send).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Bought 1 SBIN at")).to_be_visible()
    assert sauda.get("/api/v1/positions")[1]["items"][0]["key"] == "NSE:SBIN"
