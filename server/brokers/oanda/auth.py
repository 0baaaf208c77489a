"""Signing in to OANDA: there is none. A personal token signs every call; one read of the account proves it."""

from collections.abc import Mapping
from datetime import datetime

import msgspec

from server.brokers.kit.http import Call
from server.brokers.kit.manifest import Manifest
from server.brokers.kit.ports import Context, LoginStep
from server.brokers.oanda.http import account_path, oanda_http, place_of
from server.brokers.oanda.parse import PARSERS
from server.domain.brokerage import SessionGrant

__all__ = ("OandaLogin",)


class OandaLogin:
    """Implements `kit.ports.Login`."""

    def __init__(self, manifest: Manifest) -> None:
        self._manifest = manifest

    def begin(self, context: Context, redirect: str, state: str) -> LoginStep:
        """Token and account are enough."""
        return LoginStep(kind="none")

    async def finish(self, context: Context, answer: Mapping[str, str]) -> SessionGrant:
        """Read the account's summary with the token."""
        http = oanda_http(context, self._manifest)
        await http.open()
        try:
            path = account_path(context, "/summary")
            body = await http.ask(Call(name="session", method="GET", path=path, address=place_of(context, "rest")))
        finally:
            await http.close()
        grant: SessionGrant = PARSERS["session"](body)
        return msgspec.structs.replace(grant, issued=context.clock.now())

    async def refresh(self, context: Context) -> SessionGrant | None:
        """Tokens do not end; there is nothing to refresh."""
        return None

    async def revoke(self, context: Context) -> None:
        """Tokens are revoked on OANDA's own page."""

    def expires(self, grant: SessionGrant) -> datetime | None:
        """Never by itself."""
        return None
