"""Hostile messages on a line to IB's gateway: the library reads them, and whatever it makes of them, nothing breaks.

Messages are real ones with fields lost, doubled, swapped for others or for nonsense. `SAUDA_LONG=1` sends many more.
"""

import asyncio
import os
import random
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from tests.brokers import tws_messages as told
from tests.brokers.interactive_brokers import FakeGateway
from tests.brokers.joined import eventually, joined
from tests.brokers.tws_frames import UNSET, UNSET_WHOLE, fields_of, frame
from tests.trading import order

MESSAGES = 200_000 if os.environ.get("SAUDA_LONG") else 3_000
NONSENSE = (
    "",
    "-1",
    "0",
    "?",
    "nan",
    "1e999",
    UNSET,
    UNSET_WHOLE,
    "9" * 400,
    "Ünïcode\t",
    "\\u0000",
    "20269999",
    "DAY",
)
_SHARE = told.ContractTold(1, "ZZZZ")
_FOREIGN = {"contract": _SHARE, "account": "DU7", "number": 900, "client": 77, "perm": 42, "side": "SELL"}


def seeds(numbers: list[int]) -> list[bytes]:
    """One message of each kind, of an order and an account that are not ours, and of a request that is."""
    rest: dict[str, Any] = {"quantity": 5, "type": "LMT", "limit": Decimal(7), "stop": None, "tif": "DAY", "ref": "X"}
    sold = told.OrderTold(**_FOREIGN, **rest, status="Submitted")  # type: ignore[arg-type]
    at = told.stamp(datetime(2026, 11, 20, tzinfo=UTC))
    one = Decimal(1)
    run = told.ExecutionTold(_SHARE, "1.2.3", at, "DU7", "ARCA", "SLD", 1, one, 42, 77, 900, 1, one, "X")
    number = numbers[0] if numbers else 1
    return [
        told.open_order(sold),
        told.order_status(sold),
        told.completed(sold, run.at),
        told.execution(-1, run),
        told.commission(run.id, Decimal(1)),
        told.error(900, 201, "Order rejected - reason:x"),
        told.error(-1, 2104, "Market data farm connection is OK"),
        told.position(_SHARE, "DU7", 5, Decimal(7)),
        told.summary(number, "DU7", "AvailableFunds", 1, "USD"),
        told.contract_details(number, _SHARE, Decimal("0.01"), "ZZZZ", "ARCA"),
        told.tick_price(number, 1, Decimal(7), 1),
        told.tick_size(number, 8, 1),
        told.tick_string(number, 45, "1"),
        told.history(number, "a", "b", [told.BarTold("20261120", one, one, one, one, 1)]),
        told.next_id(3),
        told.accounts(["DU7"]),
        told.current_time(datetime(2026, 11, 20, tzinfo=UTC)),
    ]


def hurt(dice: random.Random, message: bytes) -> bytes:
    """A message with something wrong about it."""
    number, *rest = fields_of(message[4:])
    for _ in range(dice.randint(1, 4)):
        at = dice.randrange(len(rest))
        match dice.randrange(5):
            case 0:
                del rest[at:]
            case 1:
                rest.insert(at, rest[at])
            case 2:
                rest[at] = dice.choice(rest)
            case _:
                rest[at] = dice.choice(NONSENSE)
        if not rest:
            break
    return frame(number, *rest) if dice.random() > 0.02 else frame(dice.choice(NONSENSE), *rest)


@pytest.mark.timeout(3600 if os.environ.get("SAUDA_LONG") else 120)
async def test_line_when_messages_are_hostile_then_it_stands_and_our_order_is_as_it_was() -> None:
    broken: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: broken.append(context))
    dice = random.Random(20261120)
    async with joined("interactive_brokers") as made:
        gateway, side = made.fake, made.connection.execution
        assert isinstance(gateway, FakeGateway)
        instrument = made.symbols.of(gateway.share).instrument
        sent = order(instrument, "BUY", 50, "LIMIT", "799.00")
        ack = await side.place(sent)
        stream = made.connection.stream
        assert stream is not None
        watching = asyncio.create_task(stream.run(lambda key, event, received: None))
        await stream.watch([gateway.share], "quote")
        await eventually(lambda: gateway.watching() == 1)
        (line,) = gateway.lines
        for _ in range(MESSAGES // 100):
            known = seeds(list(line.watched))
            line.say(*(hurt(dice, dice.choice(known)) for _ in range(100)))
            await eventually(lambda: gateway.under_way == 0)
        assert gateway.lines == [line], "the line stood"
        made.http.read_timeout = 5.0
        found = await side.find(sent.id)
        assert found is not None
        assert (found.broker_id, found.state, found.quantity) == (ack.broker_id, "OPEN", 50)
        await side.cancel(msgspec.structs.replace(sent, broker_id=ack.broker_id, state="OPEN"))
        watching.cancel()
        await asyncio.wait({watching})
    assert not broken, broken[0]
