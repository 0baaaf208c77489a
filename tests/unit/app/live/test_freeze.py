"""Freeze quantities of contracts whose broker does not tell them."""

from datetime import date
from pathlib import Path

import msgspec

from server.app.live.keeper import frozen
from server.core.paths import bundled
from server.rulebook import Rulebook
from tests.instruments import future, index, option, share
from tests.live import ShiftedClock, connect, fake, running, until

DAY = date(2026, 11, 20)
CALL = option("NIFTY", date(2026, 12, 1), 24500, "CE")


def test_contract_when_its_master_is_silent_then_the_rulebooks_freeze_quantity_and_no_other_is_touched() -> None:
    rules = Rulebook.load(bundled("config") / "rules", without=frozenset())
    told = msgspec.structs.replace(CALL, freeze=900)
    strange = msgspec.structs.replace(CALL, name="NOBODY")
    given = [CALL, future("BANKNIFTY", date(2026, 11, 24)), told, strange, share("SBIN"), index("NIFTY")]
    found = frozen(given, rules.freeze, DAY)
    assert [one.freeze for one in found] == [1800, rules.freeze("BANKNIFTY", DAY), 900, None, None, None]
    assert [one.key for one in found] == [one.key for one in given]


async def test_account_at_kite_when_connected_then_its_options_have_a_freeze_quantity(tmp_path: Path) -> None:
    clock = ShiftedClock()
    async with fake("zerodha", clock) as kite, running(tmp_path, clock) as runtime:
        account = await connect(runtime, kite)
        await until(lambda: runtime.live.link(account).state == "connected")
        market = runtime.markets["live-in"]
        (call, *_) = market.search("NIFTY", kind="OPTION", name="NIFTY", expiry=None, limit=1)
        assert call.freeze == 1800
