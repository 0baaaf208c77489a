"""What legs are valued in, out of computed chains: terms by expiry, listed strikes with prices, deltas and IV."""

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from math import isfinite

import msgspec
import numpy as np

from server.analytics.chains import Chains
from server.analytics.contracts import ChainId
from server.analytics.underlyings import Underlying
from server.analytics.view import ChainView
from server.core.errors import Invalid
from server.domain.instruments import Instrument
from server.market.market import Market
from server.options.legs import Leg, Setting, Term
from server.options.listing import ListedExpiry, Listing

__all__ = ("Priced", "priced")

_MOST = 6
_PAISA = Decimal("0.01")


class Priced:
    """One underlying with the chains that were computed for it."""

    def __init__(self, market: Market, found: Underlying, views: Sequence[ChainView]) -> None:
        self.market = market
        self.underlying = found
        self.views = {view.expiry: view for view in views}
        self.spot = float(market.last(found.key))
        item = market.catalogue.get(found.key)
        option = _some_option(market, views)
        self.listing = Listing(
            name=found.name,
            exchange=option.exchange if option is not None else "NFO",
            spot=self.spot,
            lot=views[0].lot if views else 1,
            expiries=tuple(_listed(view) for view in views),
            futures={
                expiry: market.hub.last(market.catalogue.key(row))
                for expiry, row in market.catalogue.futures(found.name)
                if isfinite(market.hub.last(market.catalogue.key(row)))
            },
            shares=item.kind == "EQUITY",
        )

    @property
    def setting(self) -> Setting:
        """For `Book.of`."""
        return self.listing.setting()

    def leg(self, instrument: Instrument, quantity: int, price: Decimal | None, sigma: float | None = None) -> Leg:
        """A leg at a price (None = what it costs now); raises Invalid (options.price) when there is none."""
        now = self.price(instrument)
        if price is None and now is None:
            raise Invalid(
                f"There is no price of {instrument.symbol} yet.",
                code="options.price",
                field="price",
                remedy="Give a price, or choose a contract that is quoted.",
            )
        paid = price if price is not None else now
        assert paid is not None
        return Leg.of(instrument, quantity, paid, sigma=sigma or self.sigma(instrument), last=now)

    def with_figures(self, leg: Leg) -> Leg:
        """A leg at its own entry price, with the volatility and price of its contract now."""
        item = self.market.instrument(leg.key)
        if item is None:
            return leg
        return msgspec.structs.replace(leg, sigma=self.sigma(item), last=self.price(item))

    def price(self, instrument: Instrument) -> Decimal | None:
        """Middle of bid and ask where the chain knows one, else the last price."""
        value = float("nan")
        place = self._place(instrument)
        if place is not None:
            view, at = place
            value = float((view.call if instrument.right == "CE" else view.put).mid[at])
        if not isfinite(value):
            value = self.market.last(instrument.key)
        return Decimal(repr(value)).quantize(_PAISA) if isfinite(value) else None

    def sigma(self, instrument: Instrument) -> float | None:
        """Implied volatility at the contract's strike: its own, else that of the other side."""
        place = self._place(instrument)
        if place is None:
            return None
        view, at = place
        own, other = (view.call, view.put) if instrument.right == "CE" else (view.put, view.call)
        # Greeks and values of a strike come from its out-of-the-money side, whose volatility is the better known
        out_of_money = (view.strikes[at] >= view.term.forward) == (instrument.right == "CE")
        first, second = (own, other) if out_of_money else (other, own)
        for side in (first, second):
            if isfinite(float(side.iv[at])):
                return float(side.iv[at])
        return None

    def term(self, expiry: date) -> Term | None:
        """Of one expiry."""
        return self.setting.terms.get(expiry)

    def _place(self, instrument: Instrument) -> tuple[ChainView, int] | None:
        if instrument.kind != "OPTION" or instrument.expiry is None or instrument.strike is None:
            return None
        view = self.views.get(instrument.expiry)
        at = view.place(float(instrument.strike)) if view is not None else None
        return None if view is None or at is None else (view, at)


async def priced(chains: Chains, market_id: str, found: Underlying, expiries: Iterable[date]) -> Priced:
    """Chains of some expiries (at most six, those listed), as of the last few seconds; soonest first."""
    wanted = sorted({e for e in expiries if e in found.expiries})[:_MOST]
    views = [await chains.view(market_id, ChainId(found.name, expiry)) for expiry in wanted]
    return Priced(chains.market(market_id), found, views)


def _listed(view: ChainView) -> ListedExpiry:
    above = view.strikes >= view.term.forward
    sigma = np.where(above, view.call.iv, view.put.iv)
    other = np.where(above, view.put.iv, view.call.iv)
    return ListedExpiry(
        expiry=view.expiry,
        term=view.term,
        strikes=view.strikes,
        call=view.call.mid,
        put=view.put.mid,
        sigma=np.where(np.isfinite(sigma), sigma, other),
        call_delta=np.where(np.isfinite(view.call.delta), view.call.delta, 1.0 + view.put.delta),
    )


def _some_option(market: Market, views: Sequence[ChainView]) -> Instrument | None:
    for view in views:
        for rows in (view.call.rows, view.put.rows):
            for row in rows[rows >= 0].tolist():
                found: Instrument = market.catalogue.instruments[int(row)]
                return found
    return None
