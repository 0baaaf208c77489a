"""Signing in to Alpaca: there is none. The keys sign every call; one read of the account proves them."""

from collections.abc import Mapping
from datetime import datetime

import msgspec

from server.brokers.alpaca.http import alpaca_http, place_of
from server.brokers.alpaca.parse import PARSERS
from server.brokers.kit.http import Call
from server.brokers.kit.manifest import Manifest
from server.brokers.kit.ports import Context, LoginStep
from server.domain.brokerage import SessionGrant

__all__ = ("AlpacaLogin",)


class AlpacaLogin:
    """Implements `kit.ports.Login`."""

    def __init__(self, manifest: Manifest) -> None:
        self._manifest = manifest

    def begin(self, context: Context, redirect: str, state: str) -> LoginStep:
        """The keys are enough."""
        return LoginStep(kind="none")

    async def finish(self, context: Context, answer: Mapping[str, str]) -> SessionGrant:
        """Read the account with the keys."""
        http = alpaca_http(context, self._manifest)
        await http.open()
        try:
            body = await http.ask(
                Call(name="session", method="GET", path="/account", address=place_of(context, "rest"))
            )
        finally:
            await http.close()
        grant: SessionGrant = PARSERS["session"](body)
        return msgspec.structs.replace(grant, issued=context.clock.now())

    async def refresh(self, context: Context) -> SessionGrant | None:
        """Keys do not end; there is nothing to refresh."""
        return None

    async def revoke(self, context: Context) -> None:
        """Keys are revoked on Alpaca's own page."""

    def expires(self, grant: SessionGrant) -> datetime | None:
        """Never by itself."""
        return None
