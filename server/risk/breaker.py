"""Circuit breakers: what the day's numbers do to an account's trading state (R3)."""

from datetime import date

from server.domain.journal import RiskChanged
from server.domain.money import to_text
from server.risk.ports import Funds
from server.risk.state import DayStart, RiskState

__all__ = ("DAY_LOSS", "begin_day", "day_result", "trip")

DAY_LOSS = "day_loss"


def begin_day(risk: RiskState, account: str, day: date, funds: Funds) -> list[RiskChanged]:
    """On the first look at a new market day, note the wealth it begins with and forgive the day's breaker.

    `funds` must be marked at present prices. Nothing to write when the day has begun already; a step back in market
    time (a seek) begins that day anew."""
    entry = risk.of(account)
    if entry.day_start is not None and entry.day_start.day == day:
        return []
    start = DayStart(day=day, equity_minor=funds.equity_minor, capital_minor=funds.capital_minor)
    changes = [risk.set_day_start(account, start)]
    if entry.cause == DAY_LOSS:
        changes.append(risk.set_state(account, "ACTIVE", f"New trading day {day:%d %b %Y}."))
    return changes


def day_result(risk: RiskState, account: str, funds: Funds) -> int | None:
    """Profit (+) or loss (-) in paise since the day's start; money paid in or out is neither."""
    start = risk.of(account).day_start
    if start is None:
        return None
    return (funds.equity_minor - funds.capital_minor) - (start.equity_minor - start.capital_minor)


def trip(risk: RiskState, account: str, funds: Funds) -> list[RiskChanged]:
    """Take an ACTIVE account to REDUCING when its day's loss has reached the limit."""
    entry = risk.of(account)
    result, limit = day_result(risk, account, funds), entry.limits.day_loss * 100
    if entry.state != "ACTIVE" or result is None or -result < limit:
        return []
    reason = f"Today's loss of Rs {to_text(-result)} has reached your limit of Rs {to_text(limit)}."
    return [risk.set_state(account, "REDUCING", reason, DAY_LOSS)]
