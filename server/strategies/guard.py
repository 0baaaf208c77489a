"""Stop and target on the whole, and alerts: judged every second on fresh prices, on disk before anything is sent.

When the profit of the whole passes stop or target, FIRED goes to the journal first; then a basket of closing orders
goes out through the order path like any other. Should Sauda stop in between, the same market day finishes what is still
open once nothing of the strategy is on its way; a later day does not, and says so.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from server.core.clock import IST
from server.core.errors import SaudaError, Unavailable
from server.domain.money import to_text
from server.market.market import Market
from server.orders.desk import SYSTEM, Desk
from server.orders.service import OrderService
from server.rulebook import Rulebook
from server.strategies.book import StrategyBook
from server.strategies.live import Live
from server.strategies.sending import LegSent, requests_of, send, unsent
from server.strategies.strategy import Strategy, StrategyAlert, StrategyLeg

__all__ = ("Guard", "closing_legs", "held_units", "why_waiting")

_WORDS = {
    "profit_above": "The profit is above {value:,.0f}",
    "profit_below": "The profit is below {value:,.0f}",
    "spot_above": "The underlying is above {value:,.2f}",
    "spot_below": "The underlying is below {value:,.2f}",
    "iv_above": "At-the-money volatility is above {percent:.1f} %",
    "iv_below": "At-the-money volatility is below {percent:.1f} %",
    "delta_above": "The delta is above {value:,.1f}",
    "delta_below": "The delta is below {value:,.1f}",
    "days_left": "{value:g} days or less are left",
}


def why_waiting(strategy: Strategy, market: Market) -> str:
    """Why stop and target cannot be judged now; empty when they can."""
    if strategy.guard != "ARMED" or not strategy.held:
        return ""
    for leg in strategy.held:
        item = market.instrument(leg.key)
        if item is None:
            return f"{leg.key} is not in this market any more."
        if market.phase(item.segment).name != "continuous":
            return "The market is not in its continuous session."
        if not market.fresh(leg.key):
            return f"The price of {item.symbol} is too old to judge by."
    return ""


class Guard:
    """See the module's text."""

    def __init__(
        self, desk: Desk, orders: OrderService, book: StrategyBook, rulebook: Rulebook, markets: Mapping[str, Market]
    ) -> None:
        self._desk = desk
        self._orders = orders
        self._book = book
        self._rulebook = rulebook
        self._markets = markets
        self._sent: set[str] = set()
        """Closing baskets of this run of Sauda: one that ends with units left has failed."""

    async def judge(self, strategy: Strategy, live: Live) -> None:
        """One look at a strategy: fire what is due, finish what had fired."""
        market = self._markets.get(strategy.market)
        if market is None or self._desk.halted:
            return
        strategy = self._alert(strategy, live)
        if strategy.guard == "FIRED":
            await self._finish(strategy, market)
        elif (
            strategy.guard == "ARMED" and strategy.held and self._agreed(strategy) and not why_waiting(strategy, market)
        ):
            reason = _met(strategy, live)
            if reason:
                await self._fire(strategy, market, reason)

    async def _fire(self, strategy: Strategy, market: Market, reason: str) -> None:
        done = self._book.keep(
            strategy, "guard.fired", SYSTEM, strategy.id, guard="FIRED", guard_reason=reason, guard_at=market.now()
        )
        await done
        self._desk.notice("warn", f"{strategy.name}: {reason} It is being closed.", strategy.id)
        fired = self._book.find(strategy.id)
        if fired is not None and unsent(self._orders, fired):
            await self._close(fired, market)

    async def _finish(self, strategy: Strategy, market: Market) -> None:
        """What fired and is still held: its basket failed, or Sauda stopped before or while it ran."""
        ready = strategy.account in self._desk.joined and not self._desk.resuming
        if not ready or not self._agreed(strategy) or not unsent(self._orders, strategy):
            return
        if strategy.guard_at is not None and not _same_day(strategy.guard_at, market.now()):
            self._failed(strategy, "The day on which it fired is over; nothing more was sent.")
        elif strategy.baskets and strategy.baskets[-1] in self._sent:
            self._failed(strategy, "A closing order failed; look at the legs that are left.")
        else:
            await self._close(strategy, market)

    def _agreed(self, strategy: Strategy) -> bool:
        """Whether the account holds all that the strategy claims: if not, a fill of this moment is still to be read."""
        return all(held_units(self._desk, strategy, leg) == abs(leg.quantity) for leg in strategy.held)

    async def _close(self, strategy: Strategy, market: Market) -> None:
        legs = closing_legs(self._desk, strategy, market)
        try:
            requests = requests_of(market, self._rulebook, strategy, legs, "MARKET")
            basket = await send(
                self._orders, strategy, requests, f"{strategy.name} close", actor=SYSTEM, correlation=strategy.id
            )
        except Unavailable:
            return  # nothing went out; the next look tries again
        except SaudaError as error:
            self._failed(strategy, f"{error.detail} {error.remedy}".strip())
            return
        self._sent.add(basket.id)
        now = self._book.find(strategy.id) or strategy
        self._book.keep(now, "guard.closing", SYSTEM, strategy.id, baskets=(*now.baskets, basket.id))

    def _failed(self, strategy: Strategy, reason: str) -> None:
        self._desk.notice(
            "bad", f"{strategy.name}: stop or target was met, but it is not closed. {reason}", strategy.id
        )
        self._book.keep(strategy, "guard.failed", SYSTEM, strategy.id, guard="FAILED", guard_reason=reason)

    def _alert(self, strategy: Strategy, live: Live) -> Strategy:
        due = [alert for alert in strategy.alerts if not alert.fired and _passed(alert, strategy, live)]
        if not due:
            return strategy
        alerts = []
        for alert in strategy.alerts:
            if alert in due:
                text = _WORDS[alert.kind].format(value=alert.value, percent=100 * alert.value)
                self._desk.notice("info", f"{strategy.name}: {text}.", strategy.id)
                alerts.append(msgspec.structs.replace(alert, fired=True, text=f"{text}."))
            else:
                alerts.append(alert)
        self._book.keep(strategy, "alerted", SYSTEM, strategy.id, alerts=tuple(alerts))
        return self._book.find(strategy.id) or strategy


def held_units(desk: Desk, strategy: Strategy, leg: StrategyLeg) -> int:
    """Units of a leg that the account really holds: a strategy never closes more than that."""
    position = desk.ledger.position(strategy.account, leg.key, leg.product).quantity
    return min(abs(leg.quantity), abs(position)) if position * leg.quantity > 0 else 0


def closing_legs(desk: Desk, strategy: Strategy, market: Market, fraction: float = 1.0) -> list[LegSent]:
    """Orders that close what is held, whole lots of it where only a part is wanted."""
    out = []
    for leg in strategy.held:
        item = market.instrument(leg.key)
        if item is None:
            continue
        units = held_units(desk, strategy, leg)
        if fraction < 1:
            units = int(units // item.lot * fraction + 1e-9) * item.lot
        if units:
            signed = -units if leg.quantity > 0 else units
            out.append(LegSent(instrument=item, product=leg.product, signed=signed))
    return out


def _met(strategy: Strategy, live: Live) -> str:
    if live.open_minor is None:
        return ""
    profit = strategy.realised_minor + live.open_minor
    if strategy.stop_minor is not None and profit <= strategy.stop_minor:
        return f"the stop at {to_text(strategy.stop_minor)} is met, the profit is {to_text(profit)}."
    if strategy.target_minor is not None and profit >= strategy.target_minor:
        return f"the target at {to_text(strategy.target_minor)} is met, the profit is {to_text(profit)}."
    return ""


def _passed(alert: StrategyAlert, strategy: Strategy, live: Live) -> bool:
    figures: dict[str, Any] = {
        "profit": None if live.open_minor is None else (strategy.realised_minor + live.open_minor) / 100,
        "spot": live.spot,
        "iv": live.iv,
        "delta": live.delta,
    }
    if alert.kind == "days_left":
        return live.days_left is not None and live.days_left <= alert.value
    name, _, side = alert.kind.partition("_")
    figure = figures[name]
    if figure is None or (name != "profit" and live.stale):
        return False
    return bool(figure >= alert.value if side == "above" else figure <= alert.value)


def _same_day(one: datetime, other: datetime) -> bool:
    return one.astimezone(IST).date() == other.astimezone(IST).date()
