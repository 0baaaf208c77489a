"""How Kite wants to be called: version and token in the headers, forms out, JSON in."""

from server.brokers.kit.http import Http
from server.brokers.kit.manifest import Manifest
from server.brokers.kit.ports import Context
from server.brokers.zerodha.parse import PARSERS

__all__ = ("kite_http",)


def kite_http(context: Context, manifest: Manifest) -> Http:
    """The HTTP side of one account."""

    def headers() -> dict[str, str]:
        token = context.session.access_token if context.session is not None else ""
        signed = {"Authorization": f"token {context.credentials.get('api_key', '')}:{token}"} if token else {}
        return {"X-Kite-Version": "3", **signed}

    return Http(context, manifest, PARSERS["error"], headers)
