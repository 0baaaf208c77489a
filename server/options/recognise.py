"""Which named strategy a set of legs is, and how a heap of positions falls into strategies.

A strategy is known by its shape: calls, puts and the underlying, their signed ratios, the order of their strikes and
of their expiries. Templates and positions are brought to the same shape and compared.
"""

from collections.abc import Iterator, Sequence
from itertools import combinations
from math import gcd

import msgspec

from server.options.legs import Leg
from server.options.templates import TEMPLATES, Template, ViewName

__all__ = ("Group", "Recognised", "group", "recognise")

Shape = tuple[tuple[str, int, int, int], ...]
"""(C, P or U; rank of the expiry; rank of the strike; signed ratio) of each leg, sorted."""
_MOST_LEGS = 4
_MOST_POSITIONS = 24


class Recognised(msgspec.Struct, frozen=True):
    """What a set of legs is. `key` None = no strategy of the list."""

    key: str | None
    view: ViewName | None = None
    units: int = 0
    """How many units of the underlying one leg of ratio one has."""
    lots: int = 0


class Group(msgspec.Struct, frozen=True):
    """Legs that belong together; `key` None = they are no strategy of the list."""

    key: str | None
    legs: tuple[Leg, ...]


def _shape(legs: Sequence[tuple[str, object, float, int]]) -> Shape:
    """Shape of (type, expiry, strike, quantity) entries; ranks count distinct values of option legs."""
    expiries = sorted({e for t, e, _, _ in legs if t != "U"}, key=str)
    strikes = sorted({k for t, _, k, _ in legs if t != "U"})
    unit = gcd(*(abs(q) for _, _, _, q in legs))
    return tuple(
        sorted(
            (t, 0 if t == "U" else expiries.index(e), 0 if t == "U" else strikes.index(k), q // unit)
            for t, e, k, q in legs
        )
    )


def _known() -> dict[Shape, list[Template]]:
    shapes: dict[Shape, list[Template]] = {}
    for template in TEMPLATES.values():
        legs = [(leg.type, leg.expiry, float(leg.steps), leg.ratio) for leg in template.legs]
        shapes.setdefault(_shape(legs), []).append(template)
    return shapes


_KNOWN = _known()


def _netted(legs: Sequence[Leg]) -> list[Leg]:
    """One leg a contract, quantities added up; what nets to nothing is gone."""
    held: dict[tuple[object, ...], Leg] = {}
    for leg in legs:
        contract = (leg.kind, leg.expiry, leg.strike, leg.right)
        before = held.get(contract)
        quantity = leg.quantity + (before.quantity if before else 0)
        held[contract] = msgspec.structs.replace(before or leg, quantity=quantity)
    return [leg for leg in held.values() if leg.quantity]


def _type(leg: Leg) -> str:
    if leg.kind != "OPTION":
        return "U"
    return "C" if leg.right == "CE" else "P"


def recognise(legs: Sequence[Leg], spot: float | None = None) -> Recognised:
    """Name of the strategy; `spot` tells a bull butterfly from one about the money."""
    held = _netted(legs)
    if not held:
        return Recognised(None)
    entries = [(_type(leg), leg.expiry, float(leg.strike or 0), leg.quantity) for leg in held]
    strikes = sorted({k for t, _, k, _ in entries if t != "U"})
    unit = gcd(*(abs(q) for _, _, _, q in entries))
    for template in _KNOWN.get(_shape(entries), ()):
        if _fits(template, strikes, spot):
            lot = max((leg.lot for leg in held if leg.kind != "EQUITY"), default=1)
            return Recognised(template.key, template.view, unit, max(unit // lot, 1))
    return Recognised(None)


def _fits(template: Template, strikes: Sequence[float], spot: float | None) -> bool:
    if template.beside and (
        spot is None or not (strikes[0] > spot if template.beside == "above" else strikes[-1] < spot)
    ):
        return False
    if template.even is None:
        return True
    even = abs((strikes[1] - strikes[0]) - (strikes[-1] - strikes[-2])) <= 1e-6 * strikes[0]
    return even is template.even


def group(legs: Sequence[Leg], spot: float | None = None) -> list[Group]:
    """Positions of one underlying cut into named strategies, the largest and best hedged first.

    The whole is tried, then each expiry by itself, then ever smaller sets within an expiry and pairs across; what is
    left over stands alone. Entry prices stay with their contract."""
    held = sorted(_netted(legs), key=lambda g: (str(g.expiry), _type(g), g.strike or 0))
    found: list[Group] = []
    if not held:
        return found
    for part in (held, *(_of_expiry(held, e) for e in sorted({str(leg.expiry) for leg in held}))):
        if len(part) > 1 and all(leg in held for leg in part):
            named = recognise(part, spot)
            if named.key:
                found.append(Group(named.key, tuple(part)))
                held = [leg for leg in held if leg not in part]
    size = _MOST_LEGS
    while held and size > 1:
        taken = _best(held, size, spot) if len(held) <= _MOST_POSITIONS else None
        if taken is None:
            size -= 1
            continue
        found.append(taken)
        held = _without(held, taken.legs)
    found.extend(Group(recognise([leg], spot).key, (leg,)) for leg in held)
    return found


def _of_expiry(legs: Sequence[Leg], expiry: str) -> list[Leg]:
    return [leg for leg in legs if str(leg.expiry) == expiry]


def _best(held: Sequence[Leg], size: int, spot: float | None) -> Group | None:
    """A named set of `size` contracts: of one expiry rather than several, of limited loss rather than not."""
    best: tuple[tuple[bool, bool, int], Group] | None = None
    for chosen in _candidates(held, size):
        quantities = [abs(leg.quantity) for leg in chosen]
        least = min(quantities)
        # as held, and as many of each as the smallest has
        for legs in (chosen, tuple(_cut(leg, least) for leg in chosen)):
            named = recognise(legs, spot)
            if named.key is None:
                continue
            several = len({leg.expiry for leg in legs if leg.kind == "OPTION"}) > 1
            rank = (several, not TEMPLATES[named.key].loss_limited, -least)
            if best is None or rank < best[0]:
                best = (rank, Group(named.key, legs))
            break
    return best[1] if best else None


def _candidates(held: Sequence[Leg], size: int) -> Iterator[tuple[Leg, ...]]:
    """Sets worth looking at: any pair, larger ones within one expiry (with the underlying)."""
    if size == 2:
        yield from combinations(held, 2)
        return
    for expiry in sorted({str(leg.expiry) for leg in held if leg.kind == "OPTION"}):
        yield from combinations([leg for leg in held if leg.kind != "OPTION" or str(leg.expiry) == expiry], size)


def _cut(leg: Leg, units: int) -> Leg:
    return msgspec.structs.replace(leg, quantity=units if leg.quantity > 0 else -units)


def _without(held: Sequence[Leg], taken: Sequence[Leg]) -> list[Leg]:
    left = []
    for leg in held:
        same = next(
            (
                t
                for t in taken
                if (t.kind, t.expiry, t.strike, t.right) == (leg.kind, leg.expiry, leg.strike, leg.right)
            ),
            None,
        )
        rest = leg.quantity - (same.quantity if same else 0)
        if rest:
            left.append(msgspec.structs.replace(leg, quantity=rest))
    return left
