"""A trader who never stops: the mix of commands that the fault tests send, and what the server acknowledged of it."""

import random
import threading
from decimal import Decimal
from http.client import HTTPException
from typing import Any

from tests.process import Sauda

__all__ = ("ACCOUNT", "LIMITS", "SHARES", "Trader", "option_around_the_money")

ACCOUNT = "paper-sim"
SHARES = ("NSE:RELIANCE", "NSE:INFY", "NSE:SBIN")
LIMITS = {
    "orders_per_second": 100_000,
    "open_orders": 10_000,
    "day_loss": 100_000_000,
    "order_value": 100_000_000,
}
"""Wide enough that nothing but the market says no."""


def option_around_the_money(server: Sauda) -> dict[str, Any]:
    """A NIFTY call of the second expiry near the money, as the API shows it."""
    spot = float(server.get("/api/v1/quotes?market=sim&keys=NSE_INDEX:NIFTY")[1]["items"][0]["ltp"])
    found = server.get(f"/api/v1/instruments?market=sim&q=NIFTY+{round(spot / 50) * 50}+CE&kind=OPTION&limit=50")[1]
    options = sorted((i for i in found["items"] if i["name"] == "NIFTY"), key=lambda i: str(i["expiry"]))
    option: dict[str, Any] = options[1]
    return option


class Trader(threading.Thread):
    """Sends one command after the other until the server is gone; remembers what was acknowledged.

    Each trader changes and cancels only orders of its own, so it knows what must be on disk.
    """

    def __init__(self, server: Sauda, name: str, seed: int, option: dict[str, Any]) -> None:
        super().__init__(daemon=True, name=name)
        self._server, self._random, self._option = server, random.Random(seed), option
        self._count = 0
        self._resting: dict[str, dict[str, Any]] = {}
        self._triggers: list[str] = []
        self._prices: dict[str, Decimal] = {}
        self.ended = threading.Event()
        self.acknowledged: dict[str, str] = {}
        """request id -> order id."""
        self.sent: set[str] = set()
        self.changed: dict[str, str] = {}
        """order id -> limit price acknowledged, for orders with no later change in flight."""
        self.cancelled: set[str] = set()
        self.triggers: dict[str, str] = {}
        """trigger id -> `kept` or `deleted`."""
        self.baskets: dict[str, int] = {}
        """basket id -> number of legs."""
        self.refused: list[dict[str, Any]] = []

    def run(self) -> None:
        while not self.ended.is_set():
            action = self._random.choices(
                (self._market, self._limit, self._stop_loss, self._modify, self._cancel, self._trigger, self._basket),
                (40, 14, 6, 12, 10, 8, 4),
            )[0]
            try:
                action()
            except (OSError, ValueError, HTTPException):
                return  # the power went: nothing of this command is acknowledged

    def _ask(self, method: str, path: str, body: object = None) -> Any:
        status, answer = self._server.request(method, path, body, timeout=10)
        if status < 300:
            return answer
        self.refused.append(answer)
        return None

    def _price(self, key: str) -> Decimal:
        quote = self._server.get(f"/api/v1/quotes?market=sim&keys={key}")[1]["items"][0]
        return Decimal(quote["ltp"])

    def _place(self, **more: object) -> dict[str, Any] | None:
        self._count += 1
        request = f"{self.name}-{self._count}"
        body = {"account": ACCOUNT, "product": "MIS", "request_id": request, **more}
        self.sent.add(request)
        answer = self._ask("POST", "/api/v1/orders", body)
        if answer is None:
            return None
        order: dict[str, Any] = answer["order"]
        self.acknowledged[request] = order["id"]
        return order

    def _side(self) -> str:
        return self._random.choice(("BUY", "SELL"))

    def _market(self) -> None:
        if self._random.random() < 0.25:
            self._place(
                key=self._option["key"],
                side=self._side(),
                quantity=self._option["lot"],
                type="MARKET",
                product="NRML",
            )
        else:
            key = self._random.choice(SHARES)
            self._place(key=key, side=self._side(), quantity=self._random.randint(1, 5), type="MARKET")

    def _limit(self) -> None:
        key, side = self._random.choice(SHARES), self._side()
        away = Decimal("0.97") if side == "BUY" else Decimal("1.03")
        price = _on_tick(self._price(key) * away)
        order = self._place(key=key, side=side, quantity=self._random.randint(1, 5), type="LIMIT", price=str(price))
        if order is not None and order["state"] == "OPEN":
            self._resting[order["id"]] = order

    def _stop_loss(self) -> None:
        key, side = self._random.choice(SHARES), self._side()
        away = Decimal("1.02") if side == "BUY" else Decimal("0.98")
        trigger = _on_tick(self._price(key) * away)
        limit = trigger + (1 if side == "BUY" else -1)
        order = self._place(
            key=key, side=side, quantity=2, type="SL", trigger=str(trigger), price=str(limit), product="MIS"
        )
        if order is not None and order["state"] == "OPEN":
            self._resting[order["id"]] = order

    def _modify(self) -> None:
        if not self._resting:
            return
        order = self._random.choice(list(self._resting.values()))
        step = Decimal(self._random.randint(1, 5)) * (-1 if order["side"] == "BUY" else 1)
        if order["type"] == "SL":
            step = -step  # the limit of a stop lies beyond its trigger
        price = str(Decimal(order["price"]) + step)
        self.changed.pop(order["id"], None)
        answer = self._ask("PATCH", f"/api/v1/orders/{order['id']}", {"revision": order["revision"], "price": price})
        if answer is not None:
            self._resting[order["id"]] = answer["order"]
            self.changed[order["id"]] = answer["order"]["price"]

    def _cancel(self) -> None:
        if not self._resting:
            return
        order_id = self._random.choice(list(self._resting))
        del self._resting[order_id]
        answer = self._ask("DELETE", f"/api/v1/orders/{order_id}")
        if answer is not None and answer["order"]["state"] == "CANCELLED":
            self.cancelled.add(order_id)

    def _trigger(self) -> None:
        if self._triggers and self._random.random() < 0.4:
            trigger_id = self._triggers.pop()
            del self.triggers[trigger_id]
            if self._ask("DELETE", f"/api/v1/triggers/{trigger_id}") is not None:
                self.triggers[trigger_id] = "deleted"
            return
        side = self._side()
        # now and then so near that it fires
        near = self._random.random() < 0.5
        away = Decimal(1) + (Decimal("0.003") if near else Decimal("0.2")) * (1 if side == "BUY" else -1)
        price = (self._price(self._option["key"]) * away).quantize(Decimal("0.1"))
        leg = {"side": side, "quantity": self._option["lot"], "trigger": str(price), "price": str(price)}
        answer = self._ask(
            "POST",
            "/api/v1/triggers",
            {"account": ACCOUNT, "key": self._option["key"], "product": "NRML", "legs": [leg]},
        )
        if answer is not None:
            self.triggers[answer["trigger"]["id"]] = "kept"
            self._triggers.append(answer["trigger"]["id"])

    def _basket(self) -> None:
        legs = [
            {"key": key, "side": self._side(), "quantity": 1, "type": "MARKET", "product": "MIS"} for key in SHARES[:2]
        ]
        policy = self._random.choice(("stop", "unwind"))
        answer = self._ask(
            "POST",
            "/api/v1/baskets",
            {"account": ACCOUNT, "name": self.name, "legs": legs, "on_failure": policy},
        )
        if answer is not None:
            self.baskets[answer["basket"]["id"]] = len(legs)


def _on_tick(price: Decimal) -> Decimal:
    """To whole rupees, a multiple of every tick."""
    return price.quantize(Decimal(1))
