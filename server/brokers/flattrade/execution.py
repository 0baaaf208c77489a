"""Orders at Flattrade: as any Noren back end takes them."""

from server.brokers.noren.execution import NorenExecution

__all__ = ("FlattradeExecution",)


class FlattradeExecution(NorenExecution):
    """Implements `orders.ports.Execution`."""
