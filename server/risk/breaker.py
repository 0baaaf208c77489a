"""Circuit breakers: what the day's numbers do to an account's trading state (R3)."""

from datetime import date

from server.domain.journal import RiskChanged
from server.domain.money import INR, money_words
from server.risk.ports import Funds
from server.risk.state import DayStart, Peak, RiskState

__all__ = ("DAY_LOSS", "DRAWDOWN", "ERRORS", "begin_day", "day_result", "drawdown", "release", "trip")

DAY_LOSS = "day_loss"
DRAWDOWN = "drawdown"
ERRORS = "errors"
_STEP = 0.005
"""Rise of the highest worth, as a part of it, that is written down: less would fill the journal for nothing."""


def begin_day(risk: RiskState, account: str, day: date, funds: Funds) -> list[RiskChanged]:
    """On the first look at a new market day, note the wealth it begins with and forgive the day's breaker.

    `funds` must be marked at present prices. Nothing to write when the day has begun already; a step back in market
    time (a seek) begins that day anew."""
    entry = risk.of(account)
    if entry.day_start is not None and entry.day_start.day == day:
        return []
    start = DayStart(day=day, equity_minor=funds.equity_minor, capital_minor=funds.capital_minor)
    changes = [risk.set_day_start(account, start)]
    if entry.peak is None:
        changes.append(risk.set_peak(account, Peak(equity_minor=start.equity_minor, capital_minor=start.capital_minor)))
    if entry.cause == DAY_LOSS:
        changes.append(risk.set_state(account, "ACTIVE", f"New trading day {day:%d %b %Y}."))
    return changes


def day_result(risk: RiskState, account: str, funds: Funds) -> int | None:
    """Profit (+) or loss (-) in paise since the day's start; money paid in or out is neither."""
    start = risk.of(account).day_start
    if start is None:
        return None
    return (funds.equity_minor - funds.capital_minor) - (start.equity_minor - start.capital_minor)


def trip(risk: RiskState, account: str, funds: Funds, currency: str = INR) -> list[RiskChanged]:
    """What the account's numbers change now: its peak, and ACTIVE to REDUCING when a breaker trips.

    `funds` must be marked at present prices. The day's loss is forgiven by a new day; a drawdown and a burst of errors
    last until somebody sets the account ACTIVE again (`release`)."""
    entry = risk.of(account)
    changes = _peak(risk, account, funds)
    if entry.state != "ACTIVE":
        return changes
    limits = entry.limits
    result, limit = day_result(risk, account, funds), limits.day_loss * 100
    if result is not None and -result >= limit:
        lost, most = money_words(-result, currency), money_words(limit, currency)
        reason = f"Today's loss of {lost} has reached your limit of {most}."
        return [*changes, risk.set_state(account, "REDUCING", reason, DAY_LOSS)]
    fallen = drawdown(risk, account, funds)
    if limits.drawdown is not None and fallen is not None and fallen >= limits.drawdown:
        reason = f"The account is {fallen:.1f} % below its highest worth; your limit is {limits.drawdown:g} %."
        return [*changes, risk.set_state(account, "REDUCING", reason, DRAWDOWN)]
    errors = risk.errors(account)
    if limits.errors_per_minute is not None and errors >= limits.errors_per_minute:
        reason = f"{errors} orders were rejected or lost within a minute; your limit is {limits.errors_per_minute}."
        return [*changes, risk.set_state(account, "REDUCING", reason, ERRORS)]
    return changes


def drawdown(risk: RiskState, account: str, funds: Funds) -> float | None:
    """Fall from the highest worth, percent of it; money paid in or out is neither gain nor loss. None = no peak yet."""
    peak = risk.of(account).peak
    if peak is None or peak.equity_minor <= 0:
        return None
    # what was paid in or out since moves the peak along
    top = peak.equity_minor + funds.capital_minor - peak.capital_minor
    return max(0.0, (top - funds.equity_minor) / top * 100) if top > 0 else None


def release(risk: RiskState, account: str, funds: Funds) -> list[RiskChanged]:
    """Somebody has set the account ACTIVE after a breaker: count drawdown and errors anew, else it would trip again."""
    entry = risk.of(account)
    entry.errors.clear()
    if entry.cause != DRAWDOWN:
        return []
    return [risk.set_peak(account, Peak(equity_minor=funds.equity_minor, capital_minor=funds.capital_minor))]


def _peak(risk: RiskState, account: str, funds: Funds) -> list[RiskChanged]:
    """Take in a new high; on disk for each half percent."""
    peak = risk.of(account).peak
    if peak is None:
        return []  # the next day's start makes it
    now = Peak(equity_minor=funds.equity_minor, capital_minor=funds.capital_minor)
    risen = (now.equity_minor - now.capital_minor) - (peak.equity_minor - peak.capital_minor)
    if risen <= max(0, peak.equity_minor) * _STEP:
        return []
    return [risk.set_peak(account, now)]
