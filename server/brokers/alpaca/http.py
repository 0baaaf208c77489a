"""How Alpaca wants to be called: two key headers; the paper service has addresses and keys of its own."""

from server.brokers.alpaca.parse import PARSERS
from server.brokers.kit.http import Http
from server.brokers.kit.manifest import Manifest
from server.brokers.kit.ports import Context

__all__ = ("alpaca_http", "place_of")


def alpaca_http(context: Context, manifest: Manifest) -> Http:
    """The HTTP side of one account."""

    def headers() -> dict[str, str]:
        keys = context.credentials
        return {
            "APCA-API-KEY-ID": keys.get("key_id", ""),
            "APCA-API-SECRET-KEY": keys.get("secret_key", ""),
            "Accept": "application/json",
        }

    return Http(context, manifest, PARSERS["error"], headers)


def place_of(context: Context, name: str) -> str:
    """The manifest's name of an address: the live or the paper service's."""
    paper = context.credentials.get("environment", "").strip().lower() == "paper"
    return f"{name}_paper" if paper and name not in context.base else name
