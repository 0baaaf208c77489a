"""Flattrade's calls carry key and token in their body; nothing goes into the headers."""

from server.brokers.flattrade.parse import PARSERS
from server.brokers.kit.http import Http
from server.brokers.kit.manifest import Manifest
from server.brokers.kit.ports import Context

__all__ = ("flattrade_http",)


def flattrade_http(context: Context, manifest: Manifest) -> Http:
    """The HTTP side of one account."""
    return Http(context, manifest, PARSERS["error"])
