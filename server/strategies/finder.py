"""Strategies found on a chain: named ones put on it, legs moved along it, and all of them ranked against a view."""

from collections.abc import Sequence
from datetime import date

import msgspec

from server.analytics.chains import Chains
from server.analytics.pricing import Priced, priced
from server.analytics.underlyings import underlying
from server.core.errors import Invalid, NotFound
from server.options.legs import Leg
from server.options.resolve import move_to_delta, resolve, shift_legs
from server.options.screener import Idea, View, screen
from server.options.templates import TEMPLATES, Template
from server.rulebook import Rulebook
from server.strategies.builder import MOST_LOTS, Builder, LegWanted

__all__ = ("Finder",)


class Finder:
    """See the module's text."""

    def __init__(self, builder: Builder, chains: Chains, rulebook: Rulebook) -> None:
        self._builder = builder
        self._chains = chains
        self._rulebook = rulebook

    async def listing(self, market_id: str, asked: str, expiry: date | None) -> tuple[Priced, int]:
        """The listing from an expiry on (the nearest by default) and the next ones; the rank of that expiry is 0."""
        found, chain = self._chains.find(market_id, asked, expiry)
        later = [e for e in found.expiries if e >= chain.expiry][:2]
        return await priced(self._chains, market_id, found, later), 0

    async def template(
        self,
        market_id: str,
        asked: str,
        key: str,
        *,
        expiry: date | None,
        lots: int,
        shift: int,
        width: int | None,
        delta: float | None,
    ) -> tuple[Priced, Template, tuple[Leg, ...]]:
        """Legs of a template on the chain; NotFound for an unknown one, Invalid where the chain lacks strikes."""
        template = TEMPLATES.get(key)
        if template is None:
            raise NotFound(
                f"There is no strategy {key[:40]!r}.",
                code="options.template",
                field="key",
                value=key[:40],
                remedy="Choose one from the list of templates.",
            )
        if not 1 <= lots <= MOST_LOTS:
            raise Invalid(
                f"{lots} lots: lots are whole numbers from 1 to {MOST_LOTS:,}.",
                code="options.lots",
                field="lots",
                value=lots,
            )
        base, rank = await self.listing(market_id, asked, expiry)
        step = base.listing.at(rank).step
        legs = resolve(
            template if delta is None else _at_delta(template, delta),
            base.listing,
            lots=lots,
            expiry=rank,
            shift=shift,
            width=None if width is None else width * step,
            by_delta=delta is not None,
        )
        return base, template, legs

    async def shifted(
        self,
        market_id: str,
        legs: Sequence[LegWanted],
        *,
        steps: int = 0,
        only: Sequence[int] | None = None,
        index: int | None = None,
        delta: float | None = None,
    ) -> tuple[Priced, tuple[Leg, ...]]:
        """Legs moved along the chain by strikes, or one of them to a delta."""
        base, made = await self._builder.on(market_id, legs)
        if index is not None and delta is not None:
            return base, move_to_delta(made, index, delta, base.listing)
        return base, shift_legs(made, base.listing, steps, only)

    async def screen(
        self, market_id: str, asked: str, view: View, until: date, lots: int
    ) -> tuple[Priced, date, list[Idea]]:
        """Strategies ranked against a view that ends on `until`; `view.years` is filled in here."""
        market = self._chains.market(market_id)
        found = underlying(market, asked)
        chosen = next((e for e in found.expiries if e >= until), None)
        if until < market.day or chosen is None:
            raise Invalid(
                f"{until:%d %b %Y} has passed."
                if until < market.day
                else f"{until:%d %b %Y} lies after the last expiry, {found.expiries[-1]:%d %b %Y}.",
                code="options.date",
                field="until",
                value=until.isoformat(),
                limit=found.expiries[-1].isoformat(),
                remedy="Choose a date up to the last expiry.",
            )
        if not 1 <= lots <= MOST_LOTS:
            raise Invalid("Lots are whole numbers of one or more.", code="options.lots", field="lots", value=lots)
        base, _ = await self.listing(market_id, found.key, chosen)
        years = min(self._rulebook.year_fraction(market.now(), until), base.listing.at(0).term.years)
        ideas = screen(msgspec.structs.replace(view, years=max(years, 1e-6)), base.listing, lots=lots)
        return base, chosen, ideas


def _at_delta(template: Template, delta: float) -> Template:
    """The template with its nearest legs at this delta and the others in proportion."""
    if not 0 < delta < 1:
        raise Invalid("A delta lies between 0 and 1.", code="options.delta", field="delta", value=delta)
    usual = max((leg.delta for leg in template.legs if leg.delta is not None), default=None)
    if usual is None:
        return template
    legs = tuple(
        leg
        if leg.delta is None
        else msgspec.structs.replace(leg, delta=min(0.95, max(0.01, leg.delta * delta / usual)))
        for leg in template.legs
    )
    return msgspec.structs.replace(template, legs=legs)
