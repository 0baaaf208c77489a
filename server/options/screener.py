"""Strategies ranked against a view: which way, how far, until when, what volatility does, how much may be lost.

The view becomes a distribution of the spot at its date. Each template, resolved on the chain, is judged by its mean
profit there, by its mean loss in the worst twentieth of what the *market* expects, and by how often it earns under
both: score = mean profit under the view / that loss. Reasons come as catalogue keys with figures.
"""

from collections.abc import Sequence
from math import log, sqrt
from typing import Literal

import msgspec
import numpy as np
import numpy.typing as npt

from server.core.errors import Invalid
from server.options import payoff
from server.options.legs import Book, Leg
from server.options.listing import Listing
from server.options.payoff import Outcome, Totals
from server.options.probability import Lognormal
from server.options.resolve import resolve
from server.options.templates import TEMPLATES, Template

__all__ = ("Idea", "Reason", "View", "screen")

F8 = npt.NDArray[np.float64]
_CHANCES = (np.arange(400) + 0.5) / 400
_TAIL = 20
"""The worst twentieth of `_CHANCES`."""
_VOLATILITY = {"rise": 0.15, "fall": -0.15, "same": 0.0}
"""Share by which implied volatility is taken to change."""


class View(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody expects."""

    direction: Literal["up", "down", "still", "moving"]
    move: float
    """How far, as a share of the spot: the target for up and down, the band for still, either way for moving."""
    years: float
    """Until when."""
    volatility: Literal["rise", "fall", "same"] = "same"
    risk: Literal["limited", "any"] = "limited"
    most_loss: float | None = None
    """Rupees; None = no bound."""


class Reason(msgspec.Struct, frozen=True):
    """One sentence why: a catalogue key and its figures."""

    key: str
    figures: dict[str, float]


class Idea(msgspec.Struct, frozen=True, kw_only=True):
    """One strategy of the ranking. Rupees for the lots asked, before charges."""

    key: str
    legs: tuple[Leg, ...]
    score: float
    """Mean profit under the view for each rupee lost in the market's worst twentieth."""
    expected: float
    """Mean profit at the date of the view, if it is right."""
    probability: float
    """Of a profit at that date under the view."""
    probability_market: float
    """The same under the market's own distribution."""
    shortfall: float
    """Mean loss in the worst twentieth of what the market expects, above zero."""
    outcome: Outcome
    greeks: Totals
    reasons: tuple[Reason, ...]


def screen(view: View, listing: Listing, *, lots: int = 1, most: int = 12) -> list[Idea]:
    """The best strategies for a view, best first; none where nothing earns under it. Raises Invalid for a view that
    says nothing (no time, no move) or lies beyond the last listed expiry."""
    if not (view.years > 0 and 0 < view.move < 1):
        raise Invalid("A view needs a date ahead and a move between 0 and 100 %.", code="options.view", field="move")
    rank = next((i for i, e in enumerate(listing.expiries) if e.term.years >= view.years - 1e-4), None)
    if rank is None:
        raise Invalid(
            f"No expiry of {listing.name} lies so far ahead.",
            code="options.view_expiry",
            field="years",
            remedy="Choose an earlier date.",
        )
    listed = listing.at(rank)
    sigma = listed.atm_sigma
    if not np.isfinite(sigma):
        raise Invalid(
            f"The chain of {listing.name} for {listed.expiry} has no volatility yet.",
            code="options.no_volatility",
            field="years",
        )
    after = min(view.years, listed.term.years)
    ahead = listing.spot * (listed.term.forward / listing.spot) ** (after / listed.term.years)
    market = Lognormal(ahead, sigma * sqrt(after)).quantile(_CHANCES)
    believed = _believed(view, listing.spot, sigma * sqrt(after))
    ideas = []
    for template in TEMPLATES.values():
        if view.risk == "limited" and not template.loss_limited:
            continue
        idea = _judge(template, listing, rank, lots, view, after, market, believed, sigma)
        if idea is not None:
            ideas.append(idea)
    return sorted(ideas, key=lambda i: -i.score)[:most]


def _believed(view: View, spot: float, total: float) -> F8:
    """Spots at the date of the view, equally likely."""
    if view.direction in ("up", "down"):
        side = 1.0 if view.direction == "up" else -1.0
        # a view is held with some doubt: half its size, and no more than the market has
        return Lognormal(spot * (1.0 + side * view.move), min(0.5 * view.move, total)).quantile(_CHANCES)
    if view.direction == "still":
        return Lognormal(spot, 0.5 * view.move).quantile(_CHANCES)
    half = (np.arange(200) + 0.5) / 200
    doubt = min(0.5 * view.move, total)
    return np.concatenate([Lognormal(spot * (1.0 + s * view.move), doubt).quantile(half) for s in (-1.0, 1.0)])


def _judge(
    template: Template,
    listing: Listing,
    rank: int,
    lots: int,
    view: View,
    after: float,
    market: F8,
    believed: F8,
    sigma: float,
) -> Idea | None:
    try:
        legs = resolve(template, listing, lots=lots, expiry=rank)
        book = Book.of(legs, listing.setting())
    except Invalid:
        # this chain cannot carry it: no later expiry, no quoted strike, no future
        return None
    shift = _VOLATILITY[view.volatility] * sigma
    profits = payoff.profit(book, believed, after, shift)
    under_market = payoff.profit(book, market, after)
    expected = float(profits.mean())
    shortfall = -float(np.sort(under_market)[:_TAIL].mean())
    outcome = payoff.outcome(book)
    lost = shortfall if outcome.max_loss is None else -outcome.max_loss
    if expected <= 0 or shortfall <= 0 or (view.most_loss is not None and lost > view.most_loss):
        return None
    greeks = payoff.greeks(book)
    right, fair = float(np.mean(profits > 0)), float(np.mean(under_market > 0))
    target = listing.spot * (1.0 + {"up": view.move, "down": -view.move}.get(view.direction, 0.0))
    at_target = float(payoff.profit(book, [target], after, shift)[0])
    return Idea(
        key=template.key,
        legs=legs,
        score=expected / shortfall,
        expected=expected,
        probability=right,
        probability_market=fair,
        shortfall=shortfall,
        outcome=outcome,
        greeks=greeks,
        reasons=tuple(_reasons(template, view, outcome, greeks, listing.spot, target, at_target, right, shortfall)),
    )


def _reasons(
    template: Template,
    view: View,
    outcome: Outcome,
    greeks: Totals,
    spot: float,
    target: float,
    at_target: float,
    right: float,
    shortfall: float,
) -> Sequence[Reason]:
    """What speaks for it and what against it, the weightiest first."""
    reasons = []
    if view.direction in ("up", "down") and at_target > 0:
        reasons.append(Reason("screener.reason.target", {"target": target, "profit": at_target}))
    reasons.append(Reason("screener.reason.probability", {"probability": right}))
    if template.loss_limited and outcome.max_loss is not None:
        reasons.append(Reason("screener.reason.loss_limited", {"loss": -outcome.max_loss}))
    else:
        reasons.append(Reason("screener.reason.loss_unlimited", {"loss": shortfall}))
    if outcome.breakevens:
        near = min(outcome.breakevens, key=lambda b: abs(log(b / spot)))
        reasons.append(Reason("screener.reason.breakeven", {"breakeven": near, "distance": near / spot - 1.0}))
    if greeks.theta != 0.0:
        reasons.append(
            Reason(f"screener.reason.{'earns' if greeks.theta > 0 else 'pays'}_time", {"theta": greeks.theta})
        )
    helped = greeks.vega > 0 if view.volatility == "rise" else greeks.vega < 0
    if view.volatility != "same":
        reasons.append(Reason(f"screener.reason.volatility_{'helps' if helped else 'hurts'}", {"vega": greeks.vega}))
    return reasons
