"""What is listed on one underlying, as templates need it: strikes, prices, deltas by expiry."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from server.core.errors import Invalid
from server.domain.instruments import Exchange, Right, future_symbol, option_symbol
from server.options.legs import Leg, Setting, Term

__all__ = ("ListedExpiry", "Listing")

F8 = npt.NDArray[np.float64]


class ListedExpiry(msgspec.Struct, frozen=True, kw_only=True, eq=False, dict=True):
    """One expiry: arrays of length n, a place a strike, strikes ascending; NaN = not known."""

    expiry: date
    term: Term
    strikes: F8
    call: F8
    """Price of the call, rupees."""
    put: F8
    sigma: F8
    """Implied volatility at the strike."""
    call_delta: F8
    """0..1; the put's is this less one."""

    @cached_property
    def atm(self) -> int:
        """Place of the strike nearest to the forward at which both sides have a price, else nearest of all."""
        gap = np.abs(self.strikes - self.term.forward)
        both = np.isfinite(self.call) & np.isfinite(self.put)
        return int(np.argmin(np.where(both, gap, np.inf) if both.any() else gap))

    @cached_property
    def step(self) -> float:
        """Usual distance between strikes about the money."""
        near = self.strikes[max(self.atm - 5, 0) : self.atm + 6]
        return float(np.median(np.diff(near))) if near.size > 1 else float(0.01 * self.term.forward)

    @property
    def atm_sigma(self) -> float:
        """Volatility at the money, or of the nearest strike that has one; NaN where none has."""
        known = np.flatnonzero(np.isfinite(self.sigma))
        if not known.size:
            return float("nan")
        return float(self.sigma[known[np.argmin(np.abs(self.strikes[known] - self.term.forward))]])

    def price(self, place: int, right: Right) -> float:
        """Of one contract."""
        return float((self.call if right == "CE" else self.put)[place])


class Listing(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """One underlying with its expiries, near ones first."""

    name: str
    exchange: Exchange = "NFO"
    spot: float
    lot: int
    expiries: tuple[ListedExpiry, ...]
    futures: Mapping[date, float] = msgspec.field(default_factory=dict[date, float])
    """Prices of listed futures by expiry."""
    shares: bool = False
    """Whether the underlying itself can be held."""

    def at(self, index: int) -> ListedExpiry:
        """Expiry by rank; raises Invalid where so many are not listed."""
        if not 0 <= index < len(self.expiries):
            raise Invalid(
                f"{self.name} has {len(self.expiries)} expiries listed, number {index + 1} is not among them.",
                code="options.unknown_expiry",
                field="expiry",
                remedy="Choose a nearer expiry.",
            )
        return self.expiries[index]

    def of(self, expiry: date | None) -> ListedExpiry:
        """Expiry by date."""
        for one in self.expiries:
            if one.expiry == expiry:
                return one
        raise Invalid(f"{self.name} has no expiry on {expiry}.", code="options.unknown_expiry", field="expiry")

    def setting(self) -> Setting:
        """What legs of this underlying are valued in; volatility is that at the money of the first expiry."""
        terms = {e.expiry: e.term for e in self.expiries}
        for expiry, price in self.futures.items():
            if expiry not in terms and self.expiries:
                years = (expiry - self.expiries[0].expiry).days / 365 + self.expiries[0].term.years
                terms[expiry] = Term(max(years, 1e-6), price, self.expiries[0].term.rate)
        sigma = self.expiries[0].atm_sigma if self.expiries else float("nan")
        return Setting(spot=self.spot, terms=terms, sigma=sigma if np.isfinite(sigma) else None)

    def option(self, expiry: ListedExpiry, place: int, right: Right, quantity: int) -> Leg:
        """Leg at the listed price; raises Invalid where the contract has none."""
        strike = Decimal(f"{expiry.strikes[place]:.2f}").normalize()
        strike = strike.quantize(Decimal(1)) if strike == strike.to_integral() else strike
        price, sigma = expiry.price(place, right), float(expiry.sigma[place])
        if not (np.isfinite(price) and price >= 0):
            raise Invalid(
                f"{self.name} {strike} {right} of {expiry.expiry} has no price.",
                code="options.no_price",
                field="strike",
                remedy="Choose a strike that is quoted.",
            )
        worth = Decimal(f"{price:.2f}")
        return Leg(
            kind="OPTION",
            quantity=quantity,
            price=worth,
            strike=strike,
            right=right,
            expiry=expiry.expiry,
            lot=self.lot,
            key=f"{self.exchange}:{option_symbol(self.name, expiry.expiry, strike, right)}",
            sigma=sigma if np.isfinite(sigma) and sigma > 0 else None,
            last=worth,
        )

    def underlying(self, until: date, quantity: int) -> Leg:
        """Shares where they can be held, else the first future that lives until `until`."""
        common: dict[str, Any] = {"quantity": quantity, "lot": self.lot}
        if self.shares:
            price = Decimal(f"{self.spot:.2f}")
            cash: Exchange = "BSE" if self.exchange == "BFO" else "NSE"
            return Leg(kind="EQUITY", price=price, last=price, key=f"{cash}:{self.name}", **common)
        for expiry in sorted(self.futures):
            if expiry >= until and np.isfinite(self.futures[expiry]):
                price = Decimal(f"{self.futures[expiry]:.2f}")
                key = f"{self.exchange}:{future_symbol(self.name, expiry)}"
                return Leg(kind="FUTURE", price=price, last=price, expiry=expiry, key=key, **common)
        raise Invalid(
            f"{self.name} has neither shares nor a future that lives until {until}.",
            code="options.no_underlying",
            field="legs",
            remedy="Choose a strategy of options alone, or a nearer expiry.",
        )
