"""What risk and the order path need to see: prices, books, rules. Read-only, synchronous, in memory.

The hub, the ledger and the rulebook have these shapes; tests use hand-written ones.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Protocol

from server.domain.books import Charges, Position
from server.domain.instruments import Instrument
from server.domain.orders import Product, Side
from server.domain.quotes import Quote

__all__ = ("Books", "Funds", "Market", "Phase", "Rules")


class Market(Protocol):
    """One market's prices and its session clock."""

    @property
    def id(self) -> str:
        """`sim`, `replay`."""
        ...

    def now(self) -> datetime:
        """Market time, aware UTC."""
        ...

    def instrument(self, key: str) -> Instrument | None:
        """The instrument, or None when this market does not have it."""
        ...

    def quote(self, key: str) -> Quote | None:
        """The last known price with its age; None when there was none yet."""
        ...

    def last(self, key: str) -> float:
        """Last price as a float for analytics; NaN when there was none yet."""
        ...

    def fresh(self, key: str, limit: float | None = None) -> bool:
        """Whether an order may be priced on it now (law 11); `limit` in seconds overrides the market's own policy."""
        ...

    def settled(self, key: str, day: date, window: tuple[datetime, datetime] | None) -> Decimal | None:
        """The mean price of `key` over `window`, weighted by volume where there is any, where that was seen; else its
        closing price of `day`; None when neither is known (yet)."""
        ...

    def traded(self, key: str, window: tuple[datetime, datetime]) -> bool | None:
        """Whether `key` traded in `window`; None when the window was not seen."""
        ...

    def watch(self, keys: Sequence[str], handler: Callable[[str], None]) -> Callable[[], None]:
        """Call `handler(key)` when a price of `keys` changed (bursts may be merged); returns the call that ends it."""
        ...


class Funds(Protocol):
    """The money of one account, in minor units."""

    @property
    def free_minor(self) -> int:
        """What a new order may use: cash not held, less open losses of margined positions."""
        ...

    @property
    def margin_minor(self) -> int:
        """Held for positions and open orders."""
        ...

    @property
    def capital_minor(self) -> int:
        """Paid in less paid out."""
        ...

    @property
    def equity_minor(self) -> int:
        """Cash, plus positions at cost, plus open profit."""
        ...


class Books(Protocol):
    """The ledger, as risk reads it."""

    def funds(self, account: str, prices: Mapping[str, Decimal] | None = None) -> Funds:
        """Money now; open positions are marked at `prices`, where given."""
        ...

    def positions(self, account: str) -> Sequence[Position]:
        """Every position of the account, flat ones may be among them."""
        ...

    def open_positions(self, account: str) -> Sequence[Position]:
        """Those that are not flat."""
        ...

    def position(self, account: str, key: str, product: Product) -> Position:
        """One position; a flat one when there is none."""
        ...


class Phase(Protocol):
    """One phase of a session day."""

    @property
    def name(self) -> str:
        """preopen, continuous, closing_auction, post_close."""
        ...

    @property
    def start(self) -> datetime:
        """First moment of it."""
        ...

    @property
    def end(self) -> datetime:
        """First moment after it."""
        ...

    @property
    def order_types(self) -> frozenset[str]:
        """Order types the exchange takes in this phase."""
        ...

    @property
    def validities(self) -> frozenset[str]:
        """DAY, IOC."""
        ...

    @property
    def disclosed(self) -> bool:
        """Whether orders with a disclosed quantity are taken."""
        ...

    @property
    def detail(self) -> str:
        """The step in words."""
        ...


class Rules(Protocol):
    """The part of the rulebook that is asked before an order."""

    def phase(self, segment: str, at: datetime) -> Phase | None:
        """The phase at a moment; None = closed."""
        ...

    def order_types(self, instrument: Instrument, day: date) -> frozenset[str]:
        """Order types the exchange has for this instrument at all."""
        ...

    def price_band(self, instrument: Instrument, reference: Decimal, day: date) -> tuple[Decimal, Decimal]:
        """Lowest and highest price the exchange takes."""
        ...

    def square_off(self, broker: str, segment: str, day: date) -> datetime:
        """When the broker begins to close intraday positions, aware UTC; raises Invalid where it is not known."""
        ...

    def trading_end(self, instrument: Instrument, day: date) -> datetime:
        """When continuous trading in `instrument` ends on `day`, aware UTC."""
        ...

    def daily_settlement(self, instrument: Instrument, day: date) -> tuple[datetime, datetime]:
        """The window whose average price a future is marked to on `day`; Invalid where there is none."""
        ...

    def carry(self, day: date) -> float:
        """Interest a year for the price of a future that did not trade."""
        ...

    def charges(
        self,
        broker: str,
        instrument: Instrument,
        side: Side,
        product: Product,
        quantity: int,
        price: Decimal,
        day: date,
    ) -> Charges:
        """Charges of a trade."""
        ...
