"""A recorded day: imported in the app with a report, replayed, traded on; its money and positions are its own."""

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.process import Sauda, eventually
from tests.shared import shared

FILES = (
    "instruments_08_10.csv.gz",
    "ticks_CALL_10924290_10924290_20251008.csv.gz",
    "ticks_NIFTY50_256265_20251008.csv.gz",
)
OPTION = "NFO:NIFTY14OCT2525000CE"


def test_real_day_imported_replayed_and_traded(open_page: Callable[..., Page], sauda: Sauda) -> None:
    folder = shared("data/ticks/kite_2025")
    page = open_page("desktop", "/system")
    recorded = page.get_by_role("region", name="Recorded market data")
    recorded.locator("input[type=file]").set_input_files([folder / name for name in FILES])
    expect(recorded.get_by_text("42,483 taken, 0 repaired, 0 refused")).to_be_visible(timeout=60_000)
    expect(recorded.get_by_text("33,961 taken, 0 repaired, 0 refused")).to_be_visible(timeout=60_000)
    recorded.get_by_role("button", name="Replay").first.click()
    banner = page.get_by_role("banner")
    expect(banner).to_contain_text("Replay of 8 Oct 2025", timeout=15_000)
    expect(banner).to_contain_text("PAPER")

    market = next(m for m in sauda.get("/api/v1/markets")[1]["items"] if m["kind"] == "replay")
    address = f"/api/v1/markets/{market['id']}/control"
    assert sauda.post(address, {"action": "seek", "to": "2025-10-08T05:00:00Z"})[0] == 200
    account = next(a["id"] for a in sauda.get("/api/v1/session")[1]["accounts"] if a["market"] == market["id"])
    quote = f"/api/v1/quotes?market={market['id']}&keys={OPTION}"
    eventually(lambda: sauda.get(quote)[1]["items"][0]["ltp"] and not sauda.get(quote)[1]["items"][0]["stale"], 30)

    page.keyboard.press("Control+k")
    expect(page.get_by_role("combobox", name="Find anything")).to_be_focused(timeout=15_000)
    page.keyboard.type("nifty 25000 ce")
    expect(page.get_by_role("option", name=re.compile("^NIFTY 25000 CE"))).to_be_visible(timeout=15_000)
    page.keyboard.press("Enter")
    ticket = page.get_by_role("region", name="Order ticket")
    expect(ticket).to_contain_text("NIFTY 25000 CE")
    ticket.get_by_role("button", name=re.compile("^Buy 75 ")).click()
    eventually(lambda: len(sauda.get(f"/api/v1/trades?account={account}")[1]["items"]) > 0, 30)
    fill = sauda.get(f"/api/v1/trades?account={account}")[1]["items"][0]["fill"]
    assert fill["key"] == OPTION
    assert fill["at_market"].startswith("2025-10-08T05:0")
    assert 100 < float(fill["price"]) < 400, "the price was in the file"
    assert sauda.get("/api/v1/positions?account=paper-sim")[1]["items"] == []
