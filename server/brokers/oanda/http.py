"""How OANDA wants to be called: a bearer token, paths that name the account, hosts of its own for practice."""

from server.brokers.kit.http import Http
from server.brokers.kit.manifest import Manifest
from server.brokers.kit.ports import Context
from server.brokers.oanda.parse import PARSERS

__all__ = ("account_path", "oanda_http", "place_of", "signed")


def oanda_http(context: Context, manifest: Manifest) -> Http:
    """The HTTP side of one account."""
    return Http(context, manifest, PARSERS["error"], lambda: signed(context))


def signed(context: Context) -> dict[str, str]:
    """The headers of every call."""
    return {
        "Authorization": f"Bearer {context.credentials.get('token', '')}",
        "Accept-Datetime-Format": "RFC3339",
    }


def account_path(context: Context, tail: str) -> str:
    """`/accounts/{id}` and what follows."""
    return f"/accounts/{context.credentials.get('account_id', '').strip()}{tail}"


def place_of(context: Context, name: str) -> str:
    """The manifest's name of an address: the live or the practice service's."""
    practice = context.credentials.get("environment", "").strip().lower() == "practice"
    return f"{name}_practice" if practice and name not in context.base else name
