"""Prices: `address`, `messages` and `read` are required; `greet` for a sign-in by message, `mode`, `topic`, `beat`."""

from server.brokers.kit.prices import PriceStream

__all__ = ("TemplateStream",)


class TemplateStream(PriceStream):
    """Implements `kit.ports.Stream` once they are written."""
