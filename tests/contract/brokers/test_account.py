"""Positions and funds as the broker counts them."""

from server.domain.orders import Side
from tests.contract.brokers.harness import Harness
from tests.trading import order


async def trade(broker: Harness, side: Side, quantity: int) -> None:
    """An intraday market order."""
    await broker.execution.place(order(broker.instrument, side, quantity, product="MIS"))
    await broker.settle()


async def held(broker: Harness) -> list[tuple[str, str, int]]:
    """Open positions."""
    return [(p.key, p.product, p.quantity) for p in await broker.execution.positions()]


async def test_read_positions_when_nothing_was_traded_then_none(broker: Harness) -> None:
    assert await held(broker) == []


async def test_go_long_then_short_then_flat_then_position_follows(broker: Harness) -> None:
    key, product = broker.instrument.key, broker.reads("MIS")
    await trade(broker, "BUY", 50)
    assert await held(broker) == [(key, product, 50)]
    if not broker.shorts:
        await trade(broker, "SELL", 50)
        assert await held(broker) == []
        return
    await trade(broker, "SELL", 80)
    assert await held(broker) == [(key, product, -30)]
    await trade(broker, "BUY", 30)
    assert await held(broker) == []


async def test_read_funds_when_connected_then_minor_units(broker: Harness) -> None:
    funds = await broker.execution.funds()
    assert isinstance(funds.available_minor, int)
    assert funds.available_minor >= 0
    assert funds.used_minor >= 0
