"""How Upstox wants to be called: a bearer token, JSON in and out."""

from server.brokers.kit.http import Http
from server.brokers.kit.manifest import Manifest
from server.brokers.kit.ports import Context
from server.brokers.upstox.parse import PARSERS

__all__ = ("upstox_http",)


def upstox_http(context: Context, manifest: Manifest) -> Http:
    """The HTTP side of one account."""

    def headers() -> dict[str, str]:
        token = context.session.access_token if context.session is not None else ""
        return {"Accept": "application/json", **({"Authorization": f"Bearer {token}"} if token else {})}

    return Http(context, manifest, PARSERS["error"], headers)
