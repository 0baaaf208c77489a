"""Live accounts where fractions trade, in the whole app: checked, an order of 0.015, its fill, its money in dollars."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from server.app.live import registry
from server.core.errors import Denied
from server.domain.orders import OrderRequest
from tests.fault.test_live_accounts import checked
from tests.live import ShiftedClock, connect, fake, running, until


@pytest.fixture(autouse=True)
def gold(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Tiers are judged by their own test; here every adapter may trade."""
    monkeypatch.setattr(registry, "tier", lambda name: "gold")
    yield


@pytest.mark.parametrize(("name", "product"), [("binance", "CNC"), ("binance-usdm", "NRML")])
async def test_account_when_fractions_trade_then_checked_ordered_and_filled_in_whole_steps(
    tmp_path: Path, name: str, product: str
) -> None:
    clock = ShiftedClock()
    async with fake(name, clock) as broker, running(tmp_path, clock) as runtime:
        account = await connect(runtime, broker)
        await checked(runtime, account, broker.share)
        instrument = runtime.markets[runtime.accounts[account].market].instrument(broker.share)
        assert instrument is not None
        assert (instrument.unit, runtime.accounts[account].currency) == (Decimal("0.001"), "USDT")
        request = OrderRequest(
            account=account,
            key=broker.share,
            side="BUY",
            quantity=15,
            type="MARKET",
            product=product,  # type: ignore[arg-type]
            unit=instrument.unit,
        )
        order = (await runtime.orders.place(request, actor="owner")).order
        await until(lambda: runtime.orders.desk.working(order.id).order.state == "FILLED")
        (theirs,) = broker.exchange.by_tag(order.id)
        assert theirs.quantity == 15
        held = runtime.orders.desk.position(account, broker.share, request.product)
        assert (held.quantity, held.unit) == (15, Decimal("0.001"))
        assert held.average is not None and Decimal("11.99") < held.worth(held.average) < Decimal("12.02")
        small = OrderRequest(
            account=account,
            key=broker.share,
            side="BUY",
            quantity=1,
            type="LIMIT",
            product=request.product,
            price=Decimal(790),
            unit=instrument.unit,
        )
        with pytest.raises(Denied, match=r"worth \S*0\.79.* below") as refused:
            await runtime.orders.place(small, actor="owner")
        assert "₹" not in str(refused.value) and "Rs" not in str(refused.value)
        said = [text for text in map(str, runtime.bus.since(0) or []) if account in text]
        assert not [text for text in said if "₹" in text or "Rs " in text]
