"""Portfolio margin: SPAN-like scenarios, exposure and premium, with the benefit of hedges.

Per underlying: sixteen scenarios of price and volatility over all legs together (the exchange's scan), a charge on
delta matched across expiries, less the net value of the options; exposure on futures and short options; in the last
days of a share's contracts what delivery asks for; the premium of what is bought. Shares: value for delivery, VaR with
extreme-loss margin intraday. Numbers come from the rulebook (`config/rules/margins.toml`); the method from NSE
Clearing's and ICCL's margin pages and CME's description of SPAN. It is a model of the exchange's arrays, not a copy of
them: index margins come within 5 % of published ones.
"""

from collections.abc import Sequence
from datetime import date
from math import exp, sqrt

import msgspec
import numpy as np
import numpy.typing as npt

from server.core.errors import Invalid
from server.domain.instruments import Instrument
from server.domain.orders import Product
from server.options import black76
from server.rulebook import MarginRules, Rulebook

__all__ = ("Margin", "MarginLeg", "portfolio_margin")

F8 = npt.NDArray[np.float64]
_LEAST_DAYS = 0.5
"""An option on its last day still has some time value."""
_LEAST_SIGMA = 0.01
_DAYS_TRADED = 252
_DELTA_MOVES = np.array([0.0, 1 / 3, -1 / 3, 2 / 3, -2 / 3, 1.0, -1.0])
_DELTA_WEIGHTS = np.array([0.27, 0.217, 0.217, 0.11, 0.11, 0.037, 0.037]) / 0.998
"""Probability weights of SPAN's composite delta, by price move in scan ranges (CME, SPAN methodology)."""

_solved: dict[tuple[float, float, float, float, float, bool], float] = {}
"""Implied volatilities already solved, by (price, forward, strike, years, rate, call): one order asks for the same
legs several times at the same prices."""
_KEPT = 8192


class MarginLeg(msgspec.Struct, frozen=True, kw_only=True):
    """A position, or an order as if it were filled. Prices in rupees, as floats: this is analytics."""

    instrument: Instrument
    quantity: int | float
    """Signed, as the exchange counts it: units x unit."""
    price: float
    """Price of the instrument itself."""
    underlying_price: float
    """Price of the underlying; for shares the same as `price`."""
    product: Product
    sigma: float | None = None
    """Annualised implied volatility of an option; None = taken from its price."""
    forward: float | None = None
    """Forward of the option's expiry, where known; None = its future's price if one is among the legs, else spot
    carried at the rulebook's rate."""
    volatility: float | None = None
    """Annualised historical volatility of the underlying, where known: may widen the scan ranges."""


class Margin(msgspec.Struct, frozen=True, kw_only=True):
    """Margin in paise."""

    span_minor: int = 0
    """Scenario risk; for shares traded intraday VaR and extreme-loss margin."""
    exposure_minor: int = 0
    delivery_minor: int = 0
    """For shares that may have to be delivered, in the last days of a contract settled so."""
    premium_minor: int = 0
    """Paid in full: premium of options bought, value of shares bought for delivery."""
    total_minor: int = 0
    benefit_minor: int = 0
    """What the legs would take one by one, less `total_minor`."""

    @property
    def held_minor(self) -> int:
        """What stays blocked once premium and shares are paid for."""
        return self.span_minor + self.exposure_minor + self.delivery_minor


class _Part(msgspec.Struct):
    """Rupees."""

    span: float = 0.0
    exposure: float = 0.0
    delivery: float = 0.0
    premium: float = 0.0
    alone: float = 0.0
    """Sum over the legs one by one."""


class _Group:
    """All derivative legs of one underlying: arrays with a row per contract, quantities of a contract netted."""

    def __init__(self, legs: Sequence[MarginLeg], rulebook: Rulebook, day: date) -> None:
        contracts: dict[str, MarginLeg] = {}
        for leg in legs:
            contracts.setdefault(leg.instrument.key, leg)
        self.held = held = list(contracts.values())
        index = {key: row for row, key in enumerate(contracts)}
        self.rows = [index[leg.instrument.key] for leg in legs]
        self.legs = legs
        self.rules = [rulebook.margin_rules(leg.instrument, day) for leg in held]
        self.rule: MarginRules = self.rules[0]
        self.net = np.zeros(len(held))
        for row, leg in zip(self.rows, legs, strict=True):
            self.net[row] += leg.quantity
        self.expiries = [_expiry(leg.instrument) for leg in held]
        self.option = np.array([leg.instrument.kind == "OPTION" for leg in held])
        self.price = np.array([leg.price for leg in held])
        self.spot = held[0].underlying_price
        self.expiry_short = np.array([rule.expiry_day_short for rule in self.rules])
        rate = self.rule.rate
        self.years = np.array([max((e - day).days, _LEAST_DAYS) / 365 for e in self.expiries])
        # the forward of an expiry: its future where one is held, else what the caller knows, else spot with interest
        futures = {e: leg.price for e, o, leg in zip(self.expiries, self.option, held, strict=True) if not o}
        self.forward = np.array(
            [
                futures.get(e) or leg.forward or leg.underlying_price * exp(rate * t)
                for e, leg, t in zip(self.expiries, held, self.years, strict=True)
            ]
        )
        volatility = max((leg.volatility or 0.0 for leg in held), default=0.0)
        daily = volatility / sqrt(_DAYS_TRADED)
        self.range = self.spot * max(self.rule.price_scan, self.rule.price_scan_sigmas * daily)
        self.vol_range = max(self.rule.vol_scan, self.rule.vol_scan_share * volatility)
        self.pnl, self.delta = self._scenarios(held)

    def _scenarios(self, held: Sequence[MarginLeg]) -> tuple[F8, F8]:
        """(profit of one unit by contract and scenario, composite delta of one unit)."""
        moves = np.array(self.rule.price_moves) * self.range
        pnl = np.broadcast_to(moves, (len(held), moves.size)).copy()
        delta = np.ones(len(held))
        which = [row for row, option in enumerate(self.option) if option]
        if which:
            strike = np.array([float(held[i].instrument.strike or 0) for i in which])[:, None]
            call = np.array([held[i].instrument.right == "CE" for i in which])[:, None]
            forward, years, rate = self.forward[which][:, None], self.years[which][:, None], self.rule.rate
            sigma = self._sigmas([held[i] for i in which], which, strike, call)
            shocked = np.maximum(sigma + np.array(self.rule.vol_moves) * self.vol_range, _LEAST_SIGMA)
            # one call for the base price and all scenarios; a forward cannot fall below a hundredth
            forwards = np.hstack([forward, np.maximum(forward + moves, 0.01 * forward)])
            values = black76.price(forwards, strike, years, rate, np.hstack([sigma, shocked]), call)
            pnl[which] = values[:, 1:] - values[:, :1]
            shifted = np.maximum(forward + _DELTA_MOVES * self.range, 0.01 * forward)
            delta[which] = black76.delta(shifted, strike, years, rate, sigma, call) @ _DELTA_WEIGHTS
        return pnl * np.array(self.rule.shares), delta

    def _sigmas(self, held: Sequence[MarginLeg], which: list[int], strike: F8, call: F8) -> F8:
        """Volatility of each option as a column; one without time value gets the least there is."""
        rate = self.rule.rate
        asked = [
            (float(self.price[row]), float(self.forward[row]), float(k), float(self.years[row]), rate, bool(c))
            for row, k, c in zip(which, strike[:, 0], call[:, 0], strict=True)
        ]
        known: dict[tuple[float, float, float, float, float, bool], float] = {}
        missing = []
        for key, leg in zip(asked, held, strict=True):
            sigma = leg.sigma if leg.sigma is not None else _solved.get(key)
            if sigma is None:
                missing.append(key)
            else:
                known[key] = sigma
        if missing:
            solved = dict(zip(missing, black76.implied_volatility(*zip(*missing, strict=True)).tolist(), strict=True))
            known |= solved
            if len(_solved) > _KEPT:
                _solved.clear()
            _solved.update(solved)
        floored: F8 = np.fmax([known[key] for key in asked], _LEAST_SIGMA)[:, None]
        return floored

    def part(self) -> _Part:
        """Margin of the group in rupees."""
        months: dict[date, list[int]] = {}
        for row, expiry in enumerate(self.expiries):
            months.setdefault(expiry, []).append(row)
        apart = [e for e, rows in months.items() if not self.rules[rows[0]].calendar_benefit]
        joint = sorted(e for e in months if e not in apart)
        span = sum(self._span(months[e]) for e in apart)
        single = sum(self._span(months[e]) for e in joint)
        if len(joint) > 1:
            together = [row for e in joint for row in months[e]]
            # months offset each other only where that, with its charge, is cheaper than each by itself
            single = min(single, self._span(together, self._calendar_charge([months[e] for e in joint])))
        premium = float(np.sum(np.maximum(self.net, 0.0) * self.price * self.option))
        delivery = self._delivery(months)
        return _Part(
            span=span + single,
            exposure=self._exposure(months, joint),
            delivery=delivery,
            premium=premium,
            alone=self._alone() + delivery,
        )

    def _span(self, rows: Sequence[int], charge: float = 0.0) -> float:
        net = self.net[rows]
        scan = max(0.0, -float((net @ self.pnl[rows]).min()))
        short = float(np.sum(np.maximum(-net, 0.0) * self.option[rows]))
        least = self.rule.short_option_minimum * self.spot * short
        value = float(np.sum(net * self.price[rows] * self.option[rows]))
        return max(0.0, max(scan + charge, least) - value)

    def _calendar_charge(self, months: Sequence[Sequence[int]]) -> float:
        """Charge on delta that offsets another month's, nearest months first, on the far month's price."""
        open_deltas: list[float] = []
        charge = 0.0
        for rows in months:
            delta = float(self.net[rows] @ self.delta[rows])
            far = float(self.forward[rows].mean())
            for index in reversed(range(len(open_deltas))):
                if open_deltas[index] * delta < 0:
                    matched = min(abs(open_deltas[index]), abs(delta))
                    charge += matched * far * self.rule.calendar_charge
                    open_deltas[index] += matched if open_deltas[index] < 0 else -matched
                    delta += matched if delta < 0 else -matched
            open_deltas.append(delta)
        return charge

    def _exposure(self, months: dict[date, list[int]], joint: Sequence[date]) -> float:
        short = np.maximum(-self.net, 0.0) * self.option
        total = float(np.sum(short * (self.rule.exposure + self.expiry_short))) * self.spot
        near: list[list[float]] = []
        for expiry in sorted(months):
            units = sum(self.net[row] for row in months[expiry] if not self.option[row])
            price = max((self.forward[row] for row in months[expiry] if not self.option[row]), default=0.0)
            full = price * self.rule.exposure
            # a later month against an earlier one: the pair pays a share of the far leg, the near leg nothing
            if expiry in joint:
                for entry in near:
                    if entry[0] * units < 0:
                        matched = min(abs(entry[0]), abs(units))
                        total += matched * (full * self.rule.exposure_calendar - entry[1])
                        entry[0] += matched if entry[0] < 0 else -matched
                        units += matched if units < 0 else -matched
                near.append([units, full])
            total += abs(units) * full
        return float(total)

    def _delivery(self, months: dict[date, list[int]]) -> float:
        """What the last days before a delivery take on top: options held in the money as if they were delivered
        already, and on the day itself futures and options sold a share of the contract value (margins.toml)."""
        total = 0.0
        for expiry, rows in months.items():
            rule = self.rules[rows[0]]
            if not rule.delivery_held:
                continue
            given = 0.0
            for row in rows:
                units = float(self.net[row])
                if not self.option[row] or units < 0:
                    given += abs(units)
                elif self._intrinsic(row) > 0:
                    total += units * self.spot * rule.delivery_held
            if given and rule.delivery_times:
                usual = self._span(rows) + self._exposure({expiry: rows}, [expiry])
                total += max(0.0, min(given * self.spot * rule.delivery_value, usual * rule.delivery_times) - usual)
        return total

    def _intrinsic(self, row: int) -> float:
        instrument = self.held[row].instrument
        strike = float(instrument.strike or 0)
        return max(0.0, self.spot - strike if instrument.right == "CE" else strike - self.spot)

    def _alone(self) -> float:
        """Sum of every leg's own margin."""
        total = 0.0
        for row, leg in zip(self.rows, self.legs, strict=True):
            scan = max(0.0, -float((leg.quantity * self.pnl[row]).min()))
            if self.option[row]:
                short = max(-leg.quantity, 0)
                rate = self.rule.exposure + float(self.expiry_short[row])
                least = self.rule.short_option_minimum * self.spot * short
                value = leg.quantity * leg.price
                total += max(0.0, max(scan, least) - value) + short * rate * self.spot + max(value, 0.0)
            else:
                total += scan + abs(leg.quantity) * leg.price * self.rule.exposure
        return total


def portfolio_margin(legs: Sequence[MarginLeg], rulebook: Rulebook, day: date) -> Margin:
    """Margin of all legs together on market day `day`; hedges count within one underlying only.

    Underlyings do not touch each other, so a caller may keep results by underlying and recompute what changed.
    Raises Invalid for an index itself, a price that is not a number above zero, and what the rulebook does not know.
    """
    groups: dict[str, list[MarginLeg]] = {}
    parts = []
    for leg in legs:
        _check(leg)
        if leg.instrument.derivative and not _perpetual(leg.instrument):
            groups.setdefault(leg.instrument.name, []).append(leg)
        else:
            parts.append(_share(leg, rulebook, day))
    parts += [_Group(group, rulebook, day).part() for group in groups.values()]
    span = _paise(sum(p.span for p in parts))
    exposure = _paise(sum(p.exposure for p in parts))
    delivery = _paise(sum(p.delivery for p in parts))
    premium = _paise(sum(p.premium for p in parts))
    total = span + exposure + delivery + premium
    benefit = max(0, _paise(sum(p.alone for p in parts)) - total)
    return Margin(
        span_minor=span,
        exposure_minor=exposure,
        delivery_minor=delivery,
        premium_minor=premium,
        total_minor=total,
        benefit_minor=benefit,
    )


def _perpetual(instrument: Instrument) -> bool:
    """A future that never expires has no month to be scanned with: it takes its share of the value, as shares do."""
    return instrument.kind == "FUTURE" and instrument.expiry is None


def _share(leg: MarginLeg, rulebook: Rulebook, day: date) -> _Part:
    value = abs(leg.quantity) * leg.price
    if leg.product == "CNC":
        # a sale from holdings takes no margin; whether the shares are there is not asked here
        bought = value if leg.quantity > 0 else 0.0
        return _Part(premium=bought, alone=bought)
    span = value * rulebook.margin_rules(leg.instrument, day).equity_upfront
    return _Part(span=span, alone=span)


def _check(leg: MarginLeg) -> None:
    if not leg.instrument.tradable:
        raise Invalid(f"{leg.instrument.key} is an index and cannot be traded.", code="margin.index", field="key")
    option = leg.instrument.kind == "OPTION"
    # an option may be worth nothing; nothing else may
    if not (leg.price >= 0 if option else leg.price > 0) or not leg.underlying_price > 0:
        raise Invalid(f"No margin without a price of {leg.instrument.key}.", code="margin.price", field="price")


def _expiry(instrument: Instrument) -> date:
    if instrument.expiry is None:
        raise Invalid(f"{instrument.key} has no expiry.", code="margin.expiry", field="key")
    return instrument.expiry


def _paise(rupees: float) -> int:
    return round(rupees * 100)
