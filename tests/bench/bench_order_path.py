"""The order path by itself: orders a second in process, with the journal on disk and a broker that fills at once.

Everything but HTTP and the exchange simulator: validation, rules, risk, portfolio margin, ledger, journal. Each client
sends its next order when the last one's acknowledgement is on disk.
"""

import asyncio
import cProfile
import os
import pstats
import tempfile
import time
from pathlib import Path
from typing import Any

from server.core.bus import Bus
from server.core.clock import AcceleratedClock, SystemClock
from server.core.ids import Ids
from server.domain.instruments import Instrument
from server.domain.journal import AccountOpened, Entry
from server.domain.orders import Order
from server.ledger.ledger import Ledger
from server.orders.ports import Ack, Shelf
from server.orders.service import OrderService
from server.risk.limits import Limits
from server.risk.margin import portfolio_margin
from server.storage.store import Storage
from tests.orders_kit import ACCOUNT, CALL, RELIANCE, FakeBroker, StageMarket, request
from tests.trading import ist, rulebook

SECONDS = 5.0
LIMITS = Limits(orders_per_second=100_000.0, open_orders=10_000, position_quantity=10**9, day_loss=10**9)


class Filler(FakeBroker):
    """Fills every order at once and keeps nothing."""

    async def place(self, order: Order) -> Ack:
        taken = self.take(order)
        self.fill(order.id, execution=taken.broker_id, broker_id=taken.broker_id)
        self.book.clear()
        self.fills.clear()
        return Ack(taken.broker_id)


async def measure(instrument: Instrument, product: str, clients: int) -> tuple[float, float, float, float]:
    """(p50 ms, p99 ms, orders a second, processor ms an order, writer thread included)."""
    clock = SystemClock()
    there = AcceleratedClock(clock, ist("10:00"))
    market = StageMarket(there, ist("10:00"))
    rules = rulebook()
    with tempfile.TemporaryDirectory() as folder:
        storage = await Storage.open(Path(folder), clock, version="0")
        ids = Ids(clock)
        ledger = Ledger(rules, ids, clock)

        async def reload() -> None:
            ledger.load(ACCOUNT.id, "zerodha")

        await reload()
        await storage.journal.commit(
            Entry(at=clock.now(), actor="bench", payload=AccountOpened(account=ACCOUNT, postings=()))
        )
        broker = Filler(there, market)
        service = OrderService(
            accounts={ACCOUNT.id: ACCOUNT},
            executions={ACCOUNT.id: broker},
            markets={"sim": market},
            journal=storage.journal,
            shelf=Shelf(
                orders=storage.orders,
                fills=storage.fills,
                triggers=storage.triggers,
                baskets=storage.baskets,
                parents=storage.parents,
                risk=storage.risk,
            ),
            ledger=ledger,
            reload_ledger=reload,
            rules=rules,
            margin=lambda legs, day: portfolio_margin(legs, rules, day),
            bus=Bus(),
            clock=clock,
            ids=ids,
            limits=LIMITS,
        )
        await service.load()
        ready = asyncio.Event()
        running = asyncio.create_task(service.run_account(ACCOUNT.id, ready.set))
        await ready.wait()
        postings = ledger.deposit(ACCOUNT.id, 10**12, "bench", market.now())
        ledger.fold(postings)
        took: list[float] = []

        async def client(number: int) -> None:
            end, count = time.perf_counter() + SECONDS, 0
            while time.perf_counter() < end:
                side: Any = "BUY" if (number + count) % 2 == 0 else "SELL"
                body = request(instrument, side=side, product=product, request_id=f"{number}-{count}")
                began = time.perf_counter()
                await service.place(body, actor="bench")
                took.append(time.perf_counter() - began)
                count += 1

        began, used = time.perf_counter(), time.process_time()
        await asyncio.gather(*(client(n) for n in range(clients)))
        wall, used = time.perf_counter() - began, time.process_time() - used
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await service.close()
        await storage.close()
    took.sort()
    return took[len(took) // 2] * 1e3, took[int(len(took) * 0.99)] * 1e3, len(took) / wall, used / len(took) * 1e3


def main() -> None:
    """Print the rows; PROFILE=1 prints where the time goes instead."""
    if os.environ.get("PROFILE"):
        profile = cProfile.Profile()
        profile.runcall(asyncio.run, measure(RELIANCE, "MIS", 16))
        pstats.Stats(profile).sort_stats("tottime").print_stats(45)
        return
    print("| instrument | clients | p50 ms | p99 ms | orders/s | CPU ms/order |\n|---|---|---|---|---|---|")
    for instrument, product in ((RELIANCE, "MIS"), (CALL, "NRML")):
        for clients in (1, 16):
            p50, p99, rate, used = asyncio.run(measure(instrument, product, clients))
            print(f"| {instrument.symbol} | {clients} | {p50:.2f} | {p99:.1f} | {rate:,.0f} | {used:.2f} |", flush=True)


if __name__ == "__main__":
    main()
