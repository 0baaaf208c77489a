"""What becomes of the rest of a partly filled order, read from transactions.

The v20 definition names three fates. The rest is reissued as a new order (`orderReissueTransaction`), the reissue is
rejected (`orderReissueRejectTransaction`), or the rest is cancelled (`orderCancelTransaction`); an order that is
neither stays PENDING under its number. Transactions of one batch are applied together, so what a fill's batch makes
besides is made of its order. A reissued order is known by `replacesOrderID`, by our id, or by that batch alone.
"""

from collections.abc import Iterable
from decimal import Decimal, InvalidOperation

from server.brokers.oanda.wire import Transaction

__all__ = ("Rests",)

_ON_FILL = ("ON_FILL",)
"""Stop loss and take profit that a fill brings with it are no rest of its order."""


class Rests:
    """Reads transactions in their order; knows which order goes on as which, and why one has ended."""

    def __init__(self) -> None:
        self.next: dict[str, str] = {}
        """Order -> the order that its rest was reissued as."""
        self.before: dict[str, str] = {}
        """The same the other way round."""
        self.ended: dict[str, str] = {}
        """Order -> why it, or its rest, was cancelled."""
        self._filled: dict[str, tuple[str, str, bool]] = {}
        """Batch -> order filled in it, instrument, whether it bought."""

    def read(self, rows: Iterable[Transaction]) -> None:
        """Take note of more transactions."""
        for row in rows:
            if row.type == "ORDER_FILL":
                self._filled[row.batchID or row.id] = (row.orderID, row.instrument, _buys(row))
            elif row.type == "ORDER_CANCEL":
                self.ended[row.orderID] = row.reason
            elif row.type.endswith("_ORDER"):
                self._made(row)
            elif row.type.endswith("_ORDER_REJECT") and (known := self._of(row)) is not None:
                self.ended[known] = row.rejectReason or "REISSUE_REJECTED"

    def current(self, order: str) -> str:
        """The number under which an order works now."""
        for _ in range(len(self.next) + 1):
            following = self.next.get(order)
            if following is None:
                return order
            order = following
        return order

    def _made(self, row: Transaction) -> None:
        old = row.replacesOrderID
        if not old and row.reason not in _ON_FILL:
            old = self._of(row) or ""
        if old and old != row.id:
            self.next[old], self.before[row.id] = row.id, old

    def _of(self, row: Transaction) -> str | None:
        """The order whose fill made this one, in the same batch; it must be of the same instrument and side."""
        known = self._filled.get(row.batchID) if row.batchID else None
        if known is None or known[0] == row.id or row.tradeID:
            return None
        order, instrument, bought = known
        return order if (row.instrument, _buys(row)) == (instrument, bought) else None


def _buys(row: Transaction) -> bool:
    try:
        return Decimal(str(row.units)) > 0
    except InvalidOperation:
        return False
