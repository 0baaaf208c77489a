"""Paper broker and ledger: CPU of one market order, of a price met by resting orders, of a fill in the books.

Prints a markdown table. Goal: a paper MARKET order at latency 0 in well under 300 us of CPU, journal and HTTP apart.
CPU time is measured, so that a busy machine does not matter.
"""

import asyncio
import time
from datetime import timedelta
from decimal import Decimal

from server.brokers.paper.config import PaperSettings
from server.brokers.paper.execution import Paper
from server.core.clock import SystemClock
from server.core.ids import Ids
from server.ledger.ledger import Ledger
from server.matching.settings import MatchingSettings
from server.orders.ports import BrokerFunds
from tests.instruments import share
from tests.trading import FakeMarket, Floor, book, fill, ist, order, rulebook

__all__ = ("main",)

SBIN = share("SBIN")
BIDS = [(str(800 - Decimal("0.05") * i), 10**9) for i in range(5)]
ASKS = [(str(Decimal("800.10") + Decimal("0.05") * i), 10**9) for i in range(5)]


async def place(rounds: int) -> float:
    """Microseconds for `place` of a market order that fills at once."""
    market = FakeMarket(SBIN)
    market.tick(SBIN.key, BIDS, ASKS)
    settings = PaperSettings(matching=MatchingSettings(latency=0.0))
    funds = BrokerFunds(available_minor=0, used_minor=0)
    paper = Paper("a", "sim", market, rulebook(), SystemClock(), settings, lambda: funds)
    orders = [order(SBIN, "BUY", 1) for _ in range(rounds)]
    began = time.process_time()
    for sent in orders:
        await paper.place(sent)
    return (time.process_time() - began) / rounds * 1e6


def prices(rounds: int, resting: int) -> float:
    """Microseconds for one new price that `resting` limit orders of the instrument look at."""
    floor = Floor(SBIN)
    floor.see(book(BIDS, ASKS, close="800.00"))
    for number in range(resting):
        floor.send(order(SBIN, "BUY", 1, "LIMIT", str(799 - Decimal("0.05") * (number % 100))))
    shown = [book(BIDS, ASKS, ltp="800.05", volume=1000 + n, close="800.00") for n in range(rounds)]
    began = time.process_time()
    for one in shown:
        floor.see(one)
    return (time.process_time() - began) / rounds * 1e6


def fills(rounds: int) -> float:
    """Microseconds to apply and commit one fill of an order of its own, with charges."""
    clock = SystemClock()
    ledger = Ledger(rulebook(), Ids(clock), clock)
    ledger.load("paper-sim", "zerodha")
    made = [
        fill(SBIN.key, "BUY" if n % 2 else "SELL", 10, "800.05", at=ist("10:00") + timedelta(milliseconds=n))
        for n in range(rounds)
    ]
    began = time.process_time()
    for one in made:
        applied = ledger.apply(one, "MIS", SBIN)
        if applied is not None:
            ledger.commit(applied)
    return (time.process_time() - began) / rounds * 1e6


def main() -> None:
    """Measure and print."""
    print("| what | CPU |\n|---|---|")
    print(f"| paper MARKET order, latency 0, filled | {asyncio.run(place(10_000)):.0f} us |")
    print(f"| a price, 1 order resting | {prices(5_000, 1):.0f} us |")
    print(f"| a price, 100 orders resting | {prices(500, 100):.0f} us |")
    print(f"| a fill in the ledger, charges included | {fills(10_000):.0f} us |")


if __name__ == "__main__":
    main()
