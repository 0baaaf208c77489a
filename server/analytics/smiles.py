"""Smiles of chains: arbitrage-free curves through the volatilities out of the money, and how good they are."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from server.analytics.view import Fit, SmileLike, finite
from server.options.legs import Term
from server.options.smile import measures
from server.options.surface import Fit as Fitted
from server.options.surface import SmileQuotes, Surface, fit_surface

__all__ = ("fit_of", "fitted", "quotes_of")

F8 = npt.NDArray[np.float64]
_REASONS = {
    "": "",
    "few_strikes": "Few strikes are quoted on both sides: the smile is taken from the other expiries, or kept flat.",
    "one_strike": "Only one strike is quoted on both sides: the smile is kept flat.",
    "no_quotes": "No strike is quoted on both sides: there is no smile.",
    "no_time": "No time is left: there is no smile.",
    "no_forward": "No forward is known: there is no smile.",
    "calendar": "Quotes of different expiries contradict each other: one smile for all of them was taken.",
}


def quotes_of(strikes: F8, bid: F8, ask: F8, term: Term) -> SmileQuotes:
    """Quotes of one chain, given bids and asks of its calls, then its puts."""
    size = len(strikes)
    return SmileQuotes(
        years=term.years,
        forward=term.forward,
        rate=term.rate,
        strike=strikes,
        call_bid=bid[:size],
        call_ask=ask[:size],
        put_bid=bid[size:],
        put_ask=ask[size:],
    )


def fitted(quotes: Sequence[SmileQuotes]) -> list[tuple[SmileLike | None, Fit]]:
    """The smile of each chain by itself; None where data are too thin, with the reason in the fit."""
    return [_first(fit_surface([one])) for one in quotes]


def fit_of(found: Fitted) -> Fit:
    """A fit as the API shows it."""
    return Fit(
        kind=found.kind or "none",
        rmse=_known(found.rmse),
        inside=_known(found.inside_tick),
        points=found.points,
        reason=_REASONS.get(found.reason, found.reason),
    )


def _first(surface: Surface) -> tuple[SmileLike | None, Fit]:
    smile, fit = surface.smiles[0], fit_of(surface.fits[0])
    if smile is None:
        return None, fit
    found = measures(smile)
    figures = {
        "skew": finite(found.skew),
        "risk_reversal": _known(found.risk_reversal_25),
        "butterfly": _known(found.butterfly_25),
        "put_25": _known(found.put_25),
        "call_25": _known(found.call_25),
    }
    return SmileLike(curve=smile, measures=figures), fit


def _known(value: float | None) -> float | None:
    return None if value is None else finite(value)
