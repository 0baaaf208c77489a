"""What the ledger keeps: postings and positions. Amounts are integer minor units (paise)."""

from datetime import date, datetime
from decimal import Decimal
from typing import Literal

import msgspec

from server.domain.orders import Product, recounted

__all__ = ("Book", "Charges", "Mark", "Position", "Posting")

Book = Literal["cash", "capital", "margin", "positions", "profit", "charges", "tax"]
"""Ledger accounts of one trading account. Debits and credits carry a sign; every transaction sums to zero.
cash: free funds. margin: held from cash. positions: value at cost of what is held. capital: paid in by the owner.
profit: realised. charges: brokerage and fees. tax: STT, stamp, GST."""


class Posting(msgspec.Struct, frozen=True, kw_only=True):
    """One side of a transaction; the amounts of all postings with one `transaction` sum to zero."""

    transaction: str
    account: str
    book: Book
    minor: int
    """+ raises the book, - lowers it."""
    kind: str
    """deposit, withdrawal, statement, hold, release, trade, profit, charge, tax, settlement, mark, depository."""
    key: str = ""
    reference: str = ""
    """Order or execution id; of a mark the settlement price."""
    at: datetime
    at_market: datetime


class Charges(msgspec.Struct, frozen=True, kw_only=True):
    """Charges of one trade, in Decimal rupees as a contract note lists them."""

    brokerage: Decimal = Decimal(0)
    stt: Decimal = Decimal(0)
    exchange: Decimal = Decimal(0)
    sebi: Decimal = Decimal(0)
    gst: Decimal = Decimal(0)
    stamp: Decimal = Decimal(0)
    other: Decimal = Decimal(0)

    @property
    def total(self) -> Decimal:
        """Sum of all lines."""
        return self.brokerage + self.stt + self.exchange + self.sebi + self.gst + self.stamp + self.other


class Position(msgspec.Struct, frozen=True, kw_only=True):
    """A position: a pure fold over fills, by account, instrument and product."""

    account: str
    key: str
    product: Product
    quantity: int = 0
    """Signed units."""
    cost_minor: int = 0
    """Signed cost of the open quantity: quantity x unit x average price, in minor units."""
    realised_minor: int = 0
    """Realised profit before charges, since the position was first opened."""
    charges_minor: int = 0
    buy_quantity: int = 0
    buy_value_minor: int = 0
    sell_quantity: int = 0
    sell_value_minor: int = 0
    day: date | None = None
    """Market date of the day figures (buy and sell quantity and value)."""
    marked: date | None = None
    """Market date at whose settlement price a future is carried; None = at what was paid for it."""
    unit: Decimal = Decimal(1)
    """What one unit of the quantities is: `domain.instruments.Instrument.unit` of the fills."""

    def worth(self, price: Decimal) -> Decimal:
        """What the open quantity is worth at a price, exact."""
        return price * self.quantity * self.unit

    def of_unit(self, unit: Decimal) -> "Position":
        """The same counted in another unit; what is no whole number of it is left out (the exchange's step grew)."""
        if unit == self.unit:
            return self
        return msgspec.structs.replace(
            self,
            quantity=recounted(self.quantity, self.unit, unit),
            buy_quantity=recounted(self.buy_quantity, self.unit, unit),
            sell_quantity=recounted(self.sell_quantity, self.unit, unit),
            unit=unit,
        )

    @property
    def average(self) -> Decimal | None:
        """Average price of the open quantity; None when flat."""
        if self.quantity == 0:
            return None
        return (Decimal(self.cost_minor) / (self.quantity * self.unit)).scaleb(-2)


class Mark(msgspec.Struct, frozen=True, kw_only=True):
    """A futures position brought to a day's settlement price: the day's profit or loss is paid in cash."""

    account: str
    key: str
    product: Product
    day: date
    price: Decimal
    """Settlement price of the day."""
    at_market: datetime
    """When it took effect: the end of the day's trading in it."""
