"""The library's client, for one connection, without three of its habits."""

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from server.core.errors import Fault

if TYPE_CHECKING:
    from ib_async import IB

__all__ = ("new_client",)

_log = logging.getLogger(__name__)


def new_client(undecoded: Callable[[int], None]) -> "IB":
    """A client that is not connected yet. `undecoded` hears the number of each message that could not be read (0 where
    it had none): the library writes those to its log and goes on, and a book would lack a line without a word."""
    try:
        from ib_async import IB
        from ib_async.decoder import Decoder
    except ImportError:
        raise Fault(
            "The library for Interactive Brokers is not installed.",
            code="broker.library",
            remedy="Install it with: pip install sauda[ib]",
        ) from None

    class Strict(Decoder):
        def interpret(self, fields: list[str]) -> None:
            """As the library's, but it tells."""
            number = int(fields[0]) if fields and fields[0].isdecimal() else 0
            handler = self.handlers.get(number)
            if handler is None and number:
                return  # a kind of message that is newer than the library
            try:
                self.handlers[number](fields)
            except Exception as error:  # noqa: BLE001 - bytes from outside, in the library's hands
                _log.warning("A message of kind %d could not be read: %s", number, type(error).__name__)
                undecoded(number)

    class Client(IB):
        def _onError(self, *_: Any) -> None:  # noqa: N802
            """Not the library's own: it subscribes to the account anew each time the gateway comes back, for good,
            and the gateway allows two such subscriptions in all."""

    logging.getLogger("ib_async").setLevel(logging.CRITICAL)  # a cancel is an error to it, and orders are told in full
    made = Client()
    made.RaiseRequestErrors = True
    made.client.decoder = Strict(made.wrapper, 0)
    return made
