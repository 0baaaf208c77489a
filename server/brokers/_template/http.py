"""How the broker wants to be called: its headers, and its error parser, which decides what an answer proves."""

from server.brokers._template.parse import PARSERS
from server.brokers.kit.http import Http
from server.brokers.kit.manifest import Manifest
from server.brokers.kit.ports import Context

__all__ = ("template_http",)


def template_http(context: Context, manifest: Manifest) -> Http:
    """The HTTP side of one account."""
    return Http(context, manifest, PARSERS["error"], lambda: {"X-Key": context.credentials["api_key"]})
