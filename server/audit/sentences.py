"""A journal entry as one plain English sentence, for the Audit page and for logs people read."""

import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from server.core.errors import Invalid
from server.domain.instruments import parse_symbol, plain_quantity
from server.domain.journal import (
    AccountOpened,
    BasketChanged,
    Entry,
    FillApplied,
    FundsMoved,
    MarketMoved,
    Noted,
    OrderChanged,
    ParentChanged,
    PositionMarked,
    RiskChanged,
    SettingChanged,
    StrategyChanged,
    TriggerChanged,
)
from server.domain.money import INR, to_text
from server.domain.orders import Order

__all__ = ("rupees", "sentence", "spoken")

_UNIT = re.compile(r"[0-9.]{1,20}|1E-[0-9]{1,2}")
_INDIAN: Mapping[str, str] = {}
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_STEPS = {
    "intended": "Asked to {deal}",
    "denied": "Refused to {deal}",
    "accepted": "The exchange took the order to {deal}",
    "rejected": "The exchange rejected the order to {deal}",
    "unknown": "It is not known whether the order to {deal} arrived",
    "resolved": "Found out about the order to {deal}: it is {state}",
    "triggered": "The trigger of the order to {deal} was hit",
    "modified": "Changed the order; it is now to {deal}",
    "cancelled": "Cancelled the order to {deal}",
    "expired": "The order to {deal} expired",
    "external": "Saw an order that was not ours, to {deal}",
    "released": "Released the margin of the order to {deal}",
}
_NOUNS = {
    "orders": "an order",
    "positions": "an exit",
    "baskets": "a basket",
    "parents": "an iceberg, cover or bracket order",
    "strategies": "a strategy",
    "triggers": "a trigger",
    "funds": "a movement of money",
    "risk": "a change of risk limits",
    "kill-switch": "a turn of the kill switch",
    "markets": "a command to a market",
    "watchlists": "a change of the watchlists",
    "preferences": "a change of the preferences",
}
_SETTINGS = {"watchlists": "the watchlists", "preferences": "the preferences"}


def sentence(entry: Entry, currencies: Mapping[str, str] = _INDIAN) -> str:
    """What happened, in one sentence without a full stop. `currencies`: that of each account which is not in rupees."""
    match entry.payload:
        case FillApplied(fill=fill, order=order):
            verb = "Bought" if fill.side == "BUY" else "Sold"
            size, name = plain_quantity(fill.quantity, fill.unit), spoken(fill.key, entry.at.date())
            text = f"{verb} {size} {name} at {fill.price}{_where(order)}"
            return f"{text}, in settlement" if fill.liquidity == "settlement" else text
        case OrderChanged(event=event, order=order):
            deal = _deal(order, entry.at.date())
            form = _STEPS.get(event, f"Order {event}: {{deal}}")
            return _because(form.format(deal=deal, state=order.state.lower()) + _where(order), order.reason)
        case AccountOpened(account=account, postings=postings):
            paid = sum(p.minor for p in postings if p.book == "cash")
            kind = "paper" if account.mode == "PAPER" else "live"
            return f"Opened the {kind} account {account.title or account.id} with {amount(paid, account.currency)}"
        case PositionMarked(mark=mark, postings=postings):
            moved = sum(p.minor for p in postings if p.book == "cash" and p.kind == "mark")
            about = f"{spoken(mark.key, entry.at.date())} in {mark.account} at {mark.price}"
            what = f"{'loss' if moved < 0 else 'profit'} of {amount(abs(moved), currencies.get(mark.account, INR))}"
            return f"Settled the day's {what} on {about}"
        case FundsMoved() as moved:
            return _because(f"{_moved(moved, currencies.get(moved.account, INR))} in {moved.account}", moved.reason)
        case TriggerChanged() as trigger:
            return f"Trigger {trigger.event}{_on(trigger.body, entry.at.date())} in {trigger.account}"
        case BasketChanged() as basket:
            name = f" {basket.body['name']}" if basket.body.get("name") else ""
            return f"Basket{name} {basket.event} in {basket.account}"
        case ParentChanged() as parent:
            kind = str(parent.body.get("kind", "parent")).capitalize()
            text = f"{kind} order {parent.event}{_on(parent.body, entry.at.date())} in {parent.account}"
            return _because(text, str(parent.body.get("reason", "")))
        case StrategyChanged() as strategy:
            name = f" {strategy.body['name']}" if strategy.body.get("name") else ""
            return f"Strategy{name} {strategy.event} in {strategy.account}"
        case RiskChanged() as risk:
            return _because(_risk(risk), risk.reason)
        case SettingChanged(name=name):
            return f"Changed {_SETTINGS.get(name, f'the setting {name}')}"
        case MarketMoved(market=market, day=day):
            return f"The {market} market came to {_day(day)} {day.year}"
        case Noted(what=what, detail={"problem": {**problem}} as detail):
            return _because(_refused(what, detail, entry.at.date(), currencies), _why(problem))
        case Noted(what=what, detail=detail):
            text = detail.get("text") or detail.get("reason") or detail.get("detail") or ""
            return _because(what.replace(".", " ").replace("_", " ").capitalize(), str(text))


def _refused(what: str, detail: dict[str, Any], today: date, currencies: Mapping[str, str]) -> str:
    """What was asked and not done; whatever was sent may be missing or of any kind here."""
    asked = detail.get("request")
    asked = asked if isinstance(asked, dict) else {}
    if what == "request.refused":
        noun = str(detail.get("path", "")).removeprefix("/api/v1/").partition("/")[0]
        return f"Refused {_NOUNS.get(noun, 'a request')} that could not be read"
    if what == "funds.refused":
        done = "pay money in" if asked.get("direction") == "deposit" else "take money out"
        where = str(asked.get("account"))[:40]
        return f"Refused to {done}: {str(asked.get('amount'))[:24]} {currencies.get(where, 'rupees')} in {where}"
    if what == "order.change_refused":
        return "Refused to change an order"
    if asked.get("side") not in ("BUY", "SELL"):
        return "Refused an order"
    verb = "buy" if asked["side"] == "BUY" else "sell"
    price = asked.get("price")
    terms = f"at {str(price)[:24]}" if price is not None else "at market"
    return f"Refused to {verb} {_counted(asked)} {spoken(str(asked.get('key'))[:60], today)} {terms}"


def _counted(asked: Mapping[Any, Any]) -> object:
    """The quantity that was asked for, as the exchange counts it where the sender said its unit."""
    units, unit = asked.get("quantity"), str(asked.get("unit") or "1")
    whole = isinstance(units, int) and _UNIT.fullmatch(unit) is not None
    return plain_quantity(units, Decimal(unit)) if whole and isinstance(units, int) else units


def _why(problem: Mapping[Any, Any]) -> str:
    """The reason without its opening words, which the sentence has said already."""
    detail = str(problem.get("detail", ""))
    for opening in ("Not sent: ", "Not changed: ", "Not kept: "):
        detail = detail.removeprefix(opening)
    return detail


def spoken(key: str, today: date) -> str:
    """An instrument as people say it: `NIFTY 24500 CE 1 Dec`, `BANKNIFTY FUT 24 Nov`, `RELIANCE`.

    The year is said when it is not this one."""
    symbol = key.partition(":")[2] or key
    try:
        parts = parse_symbol(symbol)
    except Invalid:
        return symbol
    day = _day(parts.expiry) + (f" {parts.expiry.year}" if parts.expiry.year != today.year else "")
    if parts.strike is None:
        return f"{parts.name} FUT {day}"
    return f"{parts.name} {parts.strike} {parts.right} {day}"


def rupees(minor: int) -> str:
    """Paise as rupees with Indian grouping: `₹5,00,000.00`."""
    whole, paise = divmod(abs(minor), 100)
    head, tail = divmod(whole, 1000)
    text = f"{whole}"
    if head:
        groups = [f"{tail:03d}"]
        while head >= 100:
            head, pair = divmod(head, 100)
            groups.append(f"{pair:02d}")
        text = ",".join([str(head), *reversed(groups)])
    return f"{'−' if minor < 0 else ''}₹{text}.{paise:02d}"


def amount(minor: int, currency: str) -> str:
    """An amount of an account's books: rupees as `rupees` writes them, any other currency as `12.50 USDT`."""
    return rupees(minor) if currency == INR else f"{to_text(minor).replace('-', '−')} {currency}"


def _deal(order: Order, today: date) -> str:
    verb = "buy" if order.side == "BUY" else "sell"
    return f"{verb} {plain_quantity(order.quantity, order.unit)} {spoken(order.key, today)} {_terms(order)}"


def _terms(order: Order) -> str:
    limit = f"at {order.price}" if order.price is not None else "at market"
    if order.type in ("SL", "SL-M") and order.trigger is not None:
        return f"{limit} when it trades at {order.trigger}"
    return limit


def _where(order: Order) -> str:
    return " on paper" if order.mode == "PAPER" else f" at {order.broker}, with real money"


def _because(text: str, reason: str) -> str:
    return f"{text}: {reason.rstrip('. ')}" if reason.strip(". ") else text


def _moved(moved: FundsMoved, currency: str) -> str:
    cash = sum(p.minor for p in moved.postings if p.book == "cash")
    kind = moved.postings[0].kind if moved.postings else "correction"
    match kind:
        case "deposit":
            return f"Paid in {amount(cash, currency)}"
        case "withdrawal":
            return f"Took out {amount(-cash, currency)}"
        case "hold" | "release":
            return f"{'Held' if cash < 0 else 'Released'} {amount(abs(cash), currency)} of margin"
        case _:
            return f"Booked a {kind} of {amount(cash, currency)}"


def _risk(risk: RiskChanged) -> str:
    where = "all accounts" if risk.account == "*" else risk.account
    match risk.name:
        case "kill_switch":
            done = "Pulled" if risk.body.get("engaged") else "Released"
            return f"{done} the kill switch for {where}"
        case "state":
            return f"Trading in {where} is now {str(risk.body.get('state', 'changed')).lower()}"
        case "limits":
            return f"Changed the risk limits of {where}"
        case "peak":
            return f"The worth that drawdown is counted from changed in {where}"
        case "day_start":
            return f"A new trading day began for {where}"
        case name:
            return f"Changed {name} of {where}"


def _on(body: dict[str, Any], today: date) -> str:
    key = body.get("key")
    return f" on {spoken(str(key), today)}" if key else ""


def _day(day: date) -> str:
    return f"{day.day} {_MONTHS[day.month - 1]}"
