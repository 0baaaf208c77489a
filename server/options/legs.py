"""Legs of a strategy, and the arrays they are valued from.

A `Leg` is what somebody holds or means to buy or sell; a `Setting` is the market it is looked at in: the spot, and for
every expiry the years left, the forward and the rate. `Book.of` joins both into arrays with a row a leg, and is where
bad legs are refused. Years are counted by the caller, in one convention throughout.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from math import exp, isfinite, log
from typing import Literal, Self

import msgspec
import numpy as np
import numpy.typing as npt

from server.core.errors import Invalid
from server.domain.instruments import Instrument, Right
from server.options import black76

__all__ = ("Book", "Leg", "LegKind", "Setting", "Term")

F8 = npt.NDArray[np.float64]
LegKind = Literal["OPTION", "FUTURE", "EQUITY"]
_LEAST_SIGMA = 0.005


class Leg(msgspec.Struct, frozen=True, kw_only=True):
    """A position in one contract or share, or an order as if it were filled."""

    kind: LegKind
    quantity: int
    """Signed units, never lots: bought is above zero."""
    price: Decimal
    """What one unit was, or would be, bought or sold at, in rupees."""
    strike: Decimal | None = None
    right: Right | None = None
    expiry: date | None = None
    lot: int = 1
    key: str = ""
    """Key of the instrument, `NFO:NIFTY01DEC2624500CE`; empty where nobody has looked it up."""
    sigma: float | None = None
    """Annualised implied volatility now; None = solved from `last`, else the setting's."""
    last: Decimal | None = None
    """Price of one unit now."""

    @classmethod
    def of(
        cls,
        instrument: Instrument,
        quantity: int,
        price: Decimal,
        *,
        sigma: float | None = None,
        last: Decimal | None = None,
    ) -> Self:
        """Leg of an instrument; raises Invalid for an index, a currency or anything else without a payoff here."""
        kind: LegKind
        if instrument.unit != 1:
            raise Invalid(
                f"{instrument.key} trades in fractions and cannot be a leg.",
                code="options.leg_unit",
                field="key",
                remedy="Use an instrument that trades in whole units.",
            )
        match instrument.kind:
            case "OPTION" | "FUTURE" | "EQUITY" as known:
                kind = known
            case other:
                raise Invalid(
                    f"{instrument.key} is of kind {other.lower()} and cannot be a leg.",
                    code="options.leg_kind",
                    field="key",
                    remedy="Use an option, a future or a share.",
                )
        return cls(
            kind=kind,
            quantity=quantity,
            price=price,
            strike=instrument.strike,
            right=instrument.right,
            expiry=instrument.expiry,
            lot=instrument.lot,
            key=instrument.key,
            sigma=sigma,
            last=last,
        )

    @property
    def name(self) -> str:
        """How a message calls the leg: its key, else what it is."""
        parts = (str(self.expiry or ""), str(self.strike or ""), self.right or self.kind.lower())
        return self.key or " ".join(p for p in parts if p)


class Term(msgspec.Struct, frozen=True):
    """One expiry, seen from now."""

    years: float
    forward: float
    rate: float = 0.0
    """Continuously compounded rate of the discount factor."""


class Setting(msgspec.Struct, frozen=True, kw_only=True):
    """The market legs are looked at in."""

    spot: float
    terms: Mapping[date, Term]
    sigma: float | None = None
    """Volatility of an option that brings neither its own nor a price: the at-the-money one."""


class Book(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """Legs as arrays of length n, in the order given. Shares never expire: `years` is infinite."""

    legs: tuple[Leg, ...]
    spot: float
    sign: F8
    """+1 call, -1 put, 0 future or share."""
    quantity: F8
    price: F8
    strike: F8
    years: F8
    rate: F8
    carry: F8
    """log(forward / spot) / years: what the forward of this leg's expiry grows at."""
    sigma: F8

    @classmethod
    def of(cls, legs: Sequence[Leg], setting: Setting) -> Self:
        """Arrays of `legs`. Raises Invalid, naming the leg, for what cannot be valued: no legs, no units, a price
        below zero, a contract that has expired or of which nothing is known, an option without volatility."""
        if not legs:
            raise Invalid("A strategy needs at least one leg.", code="options.no_legs", field="legs")
        if not (isfinite(setting.spot) and setting.spot > 0):
            raise Invalid("No price of the underlying is known.", code="options.no_spot", field="spot")
        terms = [_term(i, leg, setting) for i, leg in enumerate(legs)]
        sigma = _sigmas(legs, terms, setting)
        return cls(
            legs=tuple(legs),
            spot=setting.spot,
            sign=np.array([0.0 if leg.kind != "OPTION" else 1.0 if leg.right == "CE" else -1.0 for leg in legs]),
            quantity=np.array([float(leg.quantity) for leg in legs]),
            price=np.array([float(leg.price) for leg in legs]),
            strike=np.array([float(leg.strike) if leg.strike else 1.0 for leg in legs]),
            years=np.array([t.years if t else np.inf for t in terms]),
            rate=np.array([t.rate if t else 0.0 for t in terms]),
            carry=np.array([log(t.forward / setting.spot) / t.years if t else 0.0 for t in terms]),
            sigma=sigma,
        )

    @property
    def first_expiry(self) -> float:
        """Years until the first contract expires; infinite for shares alone."""
        return float(self.years.min())

    @property
    def last_expiry(self) -> float:
        """Years until the last contract expires; infinite for shares alone."""
        dated = self.years[np.isfinite(self.years)]
        return float(dated.max()) if dated.size else float("inf")

    @property
    def cost(self) -> float:
        """What was paid for all legs, less what was received, in rupees; futures count at their price."""
        return float(self.quantity @ self.price)

    @property
    def premium(self) -> float:
        """Premium paid for options, less what was received: below zero is a credit."""
        return float((self.quantity * self.price) @ (self.sign != 0.0))

    def forward(self, after: float) -> float:
        """Where the spot is expected in `after` years: carried as to the expiry nearest to that time."""
        dated = np.isfinite(self.years)
        if not dated.any():
            return self.spot
        nearest = int(np.argmin(np.where(dated, np.abs(self.years - after), np.inf)))
        return self.spot * exp(float(self.carry[nearest]) * after)


def _term(index: int, leg: Leg, setting: Setting) -> Term | None:
    field = f"legs[{index}]"
    if leg.quantity == 0:
        raise Invalid(
            f"{leg.name} has no quantity.",
            code="options.no_quantity",
            field=f"{field}.quantity",
            remedy="Give at least one lot, bought or sold, or take the leg out.",
        )
    if not (leg.price.is_finite() and leg.price >= 0):
        raise Invalid(f"{leg.name} has no price.", code="options.no_price", field=f"{field}.price")
    if leg.kind == "EQUITY":
        return None
    if leg.kind == "OPTION" and (leg.strike is None or leg.strike <= 0 or leg.right is None):
        raise Invalid(
            f"{leg.name} is an option without a strike or without call or put.",
            code="options.no_strike",
            field=f"{field}.strike",
        )
    term = setting.terms.get(leg.expiry) if leg.expiry is not None else None
    if term is None:
        raise Invalid(
            f"Nothing is known of the expiry of {leg.name}.",
            code="options.unknown_expiry",
            field=f"{field}.expiry",
            remedy="Choose one of the listed expiries.",
        )
    if not term.years > 0:
        raise Invalid(
            f"{leg.name} has expired.",
            code="options.expired",
            field=f"{field}.expiry",
            remedy="Choose a contract that still trades.",
        )
    if not (isfinite(term.forward) and term.forward > 0):
        raise Invalid(f"No forward is known for {leg.name}.", code="options.no_forward", field=f"{field}.expiry")
    return term


def _sigmas(legs: Sequence[Leg], terms: Sequence[Term | None], setting: Setting) -> F8:
    """Volatility of each leg; 0 for what has none."""
    sigma = np.zeros(len(legs))
    for index, (leg, term) in enumerate(zip(legs, terms, strict=True)):
        if leg.kind != "OPTION" or term is None:
            continue
        own = leg.sigma
        if (own is None or not own > 0) and leg.last is not None and leg.strike is not None:
            asked = black76.implied_volatility(
                float(leg.last), term.forward, float(leg.strike), term.years, term.rate, leg.right == "CE"
            )
            own = float(asked) if np.isfinite(asked) else None
        if own is None or not own > 0:
            own = setting.sigma
        if own is None or not (isfinite(own) and own > 0):
            raise Invalid(
                f"No volatility is known for {leg.name}.",
                code="options.no_volatility",
                field=f"legs[{index}].sigma",
                remedy="Wait for a price of the contract, or give a volatility.",
            )
        sigma[index] = max(own, _LEAST_SIGMA)
    return sigma
