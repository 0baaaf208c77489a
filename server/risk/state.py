"""What risk remembers: limits, trading state, day start, kill switch; loaded before any broker connects (law 8).

Methods that change something fold it at once and return the journal entry that keeps it; the caller writes it.
"""

from collections import deque
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Literal

import msgspec

from server.core.clock import Clock
from server.core.ratelimit import TokenBucket
from server.domain.journal import RiskChanged
from server.risk.limits import Limits, limits_from, limits_to

__all__ = ("ALL", "AccountRisk", "DayStart", "KillSwitch", "Peak", "RiskState", "TradingState")

TradingState = Literal["ACTIVE", "REDUCING", "HALTED"]
"""ACTIVE: all orders. REDUCING: only orders that make a position smaller. HALTED: none."""

_MINUTE = 60.0

ALL = "*"
"""The name under which things that hold for every account are kept."""


class KillSwitch(msgspec.Struct, frozen=True, kw_only=True):
    """Blocks new orders on every account until released with a reason."""

    engaged: bool = False
    reason: str = ""
    since: datetime | None = None


class DayStart(msgspec.Struct, frozen=True, kw_only=True):
    """An account's wealth when its market day began; the day's result is counted from here."""

    day: date
    equity_minor: int
    capital_minor: int
    """Paid in until then: money paid in or out later is no profit or loss."""


class Peak(msgspec.Struct, frozen=True, kw_only=True):
    """The account's highest wealth so far; its drawdown is counted from here."""

    equity_minor: int
    capital_minor: int


class AccountRisk(msgspec.Struct):
    """Risk of one account."""

    limits: Limits
    bucket: TokenBucket
    state: TradingState = "ACTIVE"
    cause: str = ""
    """Who set the state: `user`, or the breaker's name (`day_loss`), which a new day resets."""
    reason: str = ""
    day_start: DayStart | None = None
    peak: Peak | None = None
    errors: deque[float] = msgspec.field(default_factory=deque)
    """Monotonic moments of the broker's rejections and lost answers of the last minute; not kept on disk."""


class RiskState:
    """All accounts' risk, and the kill switch."""

    def __init__(self, clock: Clock, defaults: Limits | None = None) -> None:
        self._clock = clock
        self._defaults = defaults or Limits()
        self._accounts: dict[str, AccountRisk] = {}
        self.kill = KillSwitch()
        self.locks: dict[str, str] = {}
        """Accounts whose orders are refused, with the sentence why: a live account that has not passed its check. Set
        by the composition root at every start and before the account connects."""

    def load(self, rows: Sequence[Any]) -> None:
        """Take in rows from disk (`account`, `name`, `body`, `reason`); raises Invalid when one cannot be read.

        A kill switch engaged in memory stays engaged: a disk that could not be written must not release it."""
        engaged = self.kill if self.kill.engaged else None
        self._accounts, self.kill = {}, KillSwitch()
        for row in rows:
            if row.name == "kill_switch":
                self.kill = msgspec.convert(row.body, KillSwitch)
            elif row.name == "limits":
                self._limit(row.account, limits_from(row.body))
            elif row.name == "state":
                entry = self.of(row.account)
                entry.state, entry.cause, entry.reason = row.body["state"], row.body.get("cause", ""), row.reason
            elif row.name == "peak":
                self.of(row.account).peak = msgspec.convert(row.body, Peak)
            elif row.name == "day_start":
                self.of(row.account).day_start = msgspec.convert(row.body, DayStart)
        self.kill = engaged or self.kill

    def of(self, account: str) -> AccountRisk:
        """Risk of one account; made with the defaults when it is new."""
        entry = self._accounts.get(account)
        if entry is None:
            entry = self._accounts[account] = AccountRisk(self._defaults, self._bucket(self._defaults))
        return entry

    def trading_state(self, account: str) -> tuple[TradingState, str]:
        """What the account may do now, and why; the kill switch counts as HALTED."""
        if self.kill.engaged:
            return "HALTED", self.kill.reason
        entry = self.of(account)
        return entry.state, entry.reason

    def set_limits(self, account: str, limits: Limits, reason: str = "") -> RiskChanged:
        """New limits from now on."""
        self._limit(account, limits)
        return RiskChanged(account=account, name="limits", body=limits_to(limits), reason=reason)

    def set_state(self, account: str, state: TradingState, reason: str, cause: str = "user") -> RiskChanged:
        """New trading state from now on."""
        entry = self.of(account)
        entry.state, entry.cause, entry.reason = state, cause, reason
        return RiskChanged(account=account, name="state", body={"state": state, "cause": cause}, reason=reason)

    def set_day_start(self, account: str, start: DayStart) -> RiskChanged:
        """A new market day began for the account."""
        self.of(account).day_start = start
        return RiskChanged(account=account, name="day_start", body=msgspec.to_builtins(start))

    def set_peak(self, account: str, peak: Peak) -> RiskChanged:
        """A new highest wealth, or a new beginning after the breaker was released."""
        self.of(account).peak = peak
        return RiskChanged(account=account, name="peak", body=msgspec.to_builtins(peak))

    def note_error(self, account: str) -> None:
        """The broker rejected an order, or gave no clear answer."""
        self.of(account).errors.append(self._clock.monotonic())

    def errors(self, account: str) -> int:
        """How many of them within the last minute."""
        errors, since = self.of(account).errors, self._clock.monotonic() - _MINUTE
        while errors and errors[0] < since:
            errors.popleft()
        return len(errors)

    def set_kill(self, engaged: bool, reason: str) -> RiskChanged:
        """Engage or release the kill switch."""
        self.kill = KillSwitch(engaged=engaged, reason=reason, since=self._clock.now())
        return RiskChanged(account=ALL, name="kill_switch", body=msgspec.to_builtins(self.kill), reason=reason)

    def _limit(self, account: str, limits: Limits) -> None:
        entry = self.of(account)
        if entry.limits.orders_per_second != limits.orders_per_second:
            entry.bucket = self._bucket(limits)
        entry.limits = limits

    def _bucket(self, limits: Limits) -> TokenBucket:
        return TokenBucket(self._clock, limits.orders_per_second, max(1.0, limits.orders_per_second))
