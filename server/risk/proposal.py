"""An order as risk sees it: the request, and every number the checks compare, taken at one moment (law 8)."""

from datetime import datetime
from decimal import Decimal

import msgspec

from server.domain.books import Position
from server.domain.instruments import Instrument
from server.domain.money import money_words
from server.domain.orders import Order, OrderRequest
from server.domain.quotes import Quote
from server.risk.limits import Limits
from server.risk.ports import Phase
from server.risk.state import KillSwitch, TradingState

__all__ = ("Proposal",)


class Proposal(msgspec.Struct, frozen=True, kw_only=True):
    """What a check may look at. Money in paise, quantities in units."""

    request: OrderRequest
    instrument: Instrument
    limits: Limits
    state: TradingState = "ACTIVE"
    state_reason: str = ""
    kill: KillSwitch = KillSwitch()
    now: datetime
    """Market time, aware UTC."""
    phase: Phase | None
    """Phase of the session; None = closed."""
    square_off: datetime | None = None
    """When the broker begins to close intraday positions of this instrument today; None = not known."""
    ended: bool = False
    """Whether this contract has stopped trading for good (last moments of its expiry day)."""
    order_types: frozenset[str]
    """What the exchange takes for this instrument at all."""
    quote: Quote | None
    fresh: bool
    """Whether an order may be priced on the quote."""
    price: Decimal | None
    """Price the order is valued at: its own, or what the market asks; None when there is none."""
    band: tuple[Decimal, Decimal] | None = None
    """The exchange's lowest and highest price; None when the order has no price or no reference is known."""
    position: Position
    """In the same instrument and product."""
    opening: int = 0
    """Units of live orders on the same side, same instrument and product."""
    closing: int = 0
    """Units of live orders on the other side."""
    open_orders: int = 0
    working: bool = True
    """Whether it will be one order more (False when a working order is changed)."""
    twin: Order | None = None
    """An identical order whose fate is unknown."""
    equity_minor: int = 0
    day_result_minor: int | None = None
    """Profit (+) or loss (-) since the day's start, charges and open positions included; None = no day start known."""
    exposure_before: int | None = 0
    """Exposure of the whole account, paise, both ways added up (`risk.exposure`); None = not worked out."""
    exposure_after: int | None = 0
    """The same with the order filled; None = no price to work it out with."""
    alike_before: int | None = 0
    """Exposure held the same way in what moves with this order's underlying."""
    alike_after: int | None = 0
    free_minor: int = 0
    need_minor: int | None = 0
    """Money it takes beyond what is held already, charges included; None = no price to work it out with."""
    tokens: float = 1.0
    """Orders that may be sent this very moment."""
    currency: str = "INR"
    """Of the account's books."""
    lock: str = ""
    """Why this account takes no orders yet, in a sentence; empty = it does."""

    @property
    def sign(self) -> int:
        """+1 for BUY, -1 for SELL."""
        return 1 if self.request.side == "BUY" else -1

    @property
    def value_minor(self) -> int | None:
        """Quantity x unit x price; None when there is no price."""
        if self.price is None:
            return None
        return int(self.price * self.request.quantity * self.instrument.unit * 100)

    def said(self, quantity: int) -> str:
        """A quantity in words of a message: as the exchange counts it."""
        return self.instrument.said(quantity)

    def money(self, minor: int) -> str:
        """An amount in words of a message, in the account's currency."""
        return money_words(minor, self.currency)

    @property
    def reducing(self) -> bool:
        """Whether it only makes the position smaller, even if all other live orders fill."""
        held = self.position.quantity
        if held * self.sign >= 0:
            return False
        return self.request.quantity + self.opening <= abs(held)
