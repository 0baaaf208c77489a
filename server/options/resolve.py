"""From a template to concrete legs of a chain, and legs moved along it by strike or by delta."""

from collections.abc import Collection, Sequence
from math import sqrt

import msgspec
import numpy as np
import numpy.typing as npt

from server.core.errors import Invalid
from server.domain.instruments import Right
from server.options.legs import Leg
from server.options.listing import ListedExpiry, Listing
from server.options.templates import Template, TemplateLeg

__all__ = ("entry_order", "move_to_delta", "resolve", "shift_legs", "with_lots")

_UNIT_OF_MOVE = 0.4
"""One unit of distance, in standard deviations of the spot until the expiry."""


def resolve(
    template: Template,
    listing: Listing,
    *,
    lots: int = 1,
    expiry: int = 0,
    shift: int = 0,
    width: float | None = None,
    by_delta: bool = False,
) -> tuple[Leg, ...]:
    """Legs of a template at listed strikes and prices.

    `expiry` is the rank of the near expiry, `shift` moves all strikes by so many listed ones, `width` is what one unit
    of distance is in rupees (None = 0.4 standard deviations of the spot until the expiry, a listed step at least).
    Raises Invalid where lots are not above zero, the expiry is not listed, or the chain lacks the strikes or prices.
    """
    if lots < 1:
        raise Invalid("Lots must be one or more.", code="options.lots", field="lots")
    near = listing.at(expiry)
    # one money for all expiries, so that a calendar has one strike
    centre = float(near.strikes[near.atm])
    unit = _unit(near) if width is None else max(width, near.step)
    legs, chosen = [], dict[tuple[int, int], int]()
    places: dict[int, dict[int, int]] = {}
    for which in sorted({leg.expiry for leg in template.legs if leg.type != "U"}):
        own = [leg for leg in template.legs if leg.expiry == which and leg.type != "U"]
        places[which] = _places(own, listing.at(expiry + which), centre, unit, shift, by_delta, listing.name)
        chosen |= {(which, steps): place for steps, place in places[which].items()}
    for leg in template.legs:
        units = leg.ratio * lots * listing.lot
        if leg.type == "U":
            legs.append(listing.underlying(near.expiry, units))
        else:
            listed = listing.at(expiry + leg.expiry)
            legs.append(listing.option(listed, chosen[leg.expiry, leg.steps], _right(leg), units))
    return tuple(legs)


def _unit(near: ListedExpiry) -> float:
    sigma = near.atm_sigma
    spread = near.term.forward * sigma * sqrt(near.term.years) if np.isfinite(sigma) else 0.0
    return max(round(_UNIT_OF_MOVE * spread / near.step), 1) * near.step


def _right(leg: TemplateLeg) -> Right:
    return "CE" if leg.type == "C" else "PE"


def _places(
    legs: Sequence[TemplateLeg],
    listed: ListedExpiry,
    centre: float,
    unit: float,
    shift: int,
    by_delta: bool,
    name: str,
) -> dict[int, int]:
    """Place in the chain of each distance: strikes that are quoted for every leg there, in the template's order."""
    found: dict[int, int] = {}
    taken = -1
    for steps in sorted({leg.steps for leg in legs}):
        here = [leg for leg in legs if leg.steps == steps]
        quoted = np.ones(listed.strikes.size, bool)
        for leg in here:
            quoted &= np.isfinite(listed.call if leg.type == "C" else listed.put)
        quoted[: taken + 1] = False
        gap = _distance(here[0], listed, centre, unit, by_delta)
        gap = np.where(quoted, gap, np.inf)
        if not np.isfinite(gap).any():
            raise Invalid(
                f"The chain of {name} for {listed.expiry} has no quoted strike where this strategy needs one.",
                code="options.no_strike",
                field="width",
                remedy="Choose a narrower strategy or another expiry.",
            )
        taken = int(np.argmin(gap))
        found[steps] = taken
    if not shift:
        return found
    moved = {steps: place + shift for steps, place in found.items()}
    if min(moved.values()) < 0 or max(moved.values()) >= listed.strikes.size:
        raise Invalid(
            f"The chain of {name} for {listed.expiry} ends before that strike.", code="options.no_strike", field="shift"
        )
    return moved


def _distance(
    leg: TemplateLeg, listed: ListedExpiry, centre: float, unit: float, by_delta: bool
) -> npt.NDArray[np.float64]:
    """How far each strike is from where the leg belongs."""
    if by_delta and leg.delta is not None:
        return _delta_gap(listed, _right(leg), leg.delta)
    gap: npt.NDArray[np.float64] = np.abs(listed.strikes - (centre + leg.steps * unit))
    return gap


def _delta_gap(listed: ListedExpiry, right: Right, delta: float) -> npt.NDArray[np.float64]:
    size = listed.call_delta if right == "CE" else 1.0 - listed.call_delta
    return np.where(np.isfinite(size), np.abs(size - delta), np.inf)


def shift_legs(
    legs: Sequence[Leg], listing: Listing, steps: int, only: Collection[int] | None = None
) -> tuple[Leg, ...]:
    """Option legs (all, or those numbered in `only`) moved by so many listed strikes, at the prices there."""
    moved = []
    for index, leg in enumerate(legs):
        if leg.kind != "OPTION" or leg.strike is None or leg.right is None or (only is not None and index not in only):
            moved.append(leg)
            continue
        listed = listing.of(leg.expiry)
        place = int(np.argmin(np.abs(listed.strikes - float(leg.strike)))) + steps
        if not 0 <= place < listed.strikes.size:
            raise Invalid(
                f"The chain of {listing.name} for {listed.expiry} ends before that strike.",
                code="options.no_strike",
                field=f"legs[{index}].strike",
            )
        moved.append(listing.option(listed, place, leg.right, leg.quantity))
    return tuple(moved)


def move_to_delta(legs: Sequence[Leg], index: int, delta: float, listing: Listing) -> tuple[Leg, ...]:
    """Leg number `index` moved to the quoted strike whose delta is nearest to `delta` in size (0..1)."""
    if not 0 <= index < len(legs) or legs[index].kind != "OPTION":
        raise Invalid("There is no option leg of that number.", code="options.no_leg", field="index")
    if not 0.0 < delta < 1.0:
        raise Invalid("A delta lies between 0 and 1.", code="options.delta", field="delta")
    leg = legs[index]
    right: Right = leg.right or "CE"
    listed = listing.of(leg.expiry)
    gap = _delta_gap(listed, right, delta)
    gap = np.where(np.isfinite(listed.call if right == "CE" else listed.put), gap, np.inf)
    if not np.isfinite(gap).any():
        raise Invalid(
            f"No delta is known in the chain of {listing.name} for {listed.expiry}.",
            code="options.no_strike",
            field="delta",
        )
    changed = listing.option(listed, int(np.argmin(gap)), right, leg.quantity)
    return (*legs[:index], changed, *legs[index + 1 :])


def with_lots(legs: Sequence[Leg], lots: int, before: int = 1) -> tuple[Leg, ...]:
    """All quantities scaled from `before` lots to `lots`."""
    if lots < 1 or before < 1:
        raise Invalid("Lots must be one or more.", code="options.lots", field="lots")
    return tuple(msgspec.structs.replace(leg, quantity=leg.quantity // before * lots) for leg in legs)


def entry_order(legs: Sequence[Leg]) -> tuple[int, ...]:
    """Numbers of the legs in the order to send them: what is bought first, so that it covers what is sold."""
    return tuple(sorted(range(len(legs)), key=lambda i: (legs[i].quantity < 0, i)))
