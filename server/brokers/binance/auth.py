"""Signing in to Binance: there is none. Key and secret sign every call; one read of the account proves them."""

from collections.abc import Mapping
from datetime import datetime

import msgspec

from server.brokers.binance.http import BinanceHttp
from server.brokers.binance.parse import PARSERS
from server.brokers.kit.manifest import Manifest
from server.brokers.kit.ports import Context, LoginStep
from server.domain.brokerage import SessionGrant

__all__ = ("BinanceLogin",)


class BinanceLogin:
    """Implements `kit.ports.Login`."""

    def __init__(self, manifest: Manifest) -> None:
        self._manifest = manifest

    def begin(self, context: Context, redirect: str, state: str) -> LoginStep:
        """The keys are enough."""
        return LoginStep(kind="none")

    async def finish(self, context: Context, answer: Mapping[str, str]) -> SessionGrant:
        """Read the account with the keys."""
        side = BinanceHttp(context, self._manifest)
        await side.http.open()
        try:
            path = "/fapi/v3/balance" if side.futures else "/api/v3/account"
            body = await side.read("session", path)
        finally:
            await side.http.close()
        grant: SessionGrant = PARSERS["session"](body)
        return msgspec.structs.replace(grant, issued=context.clock.now())

    async def refresh(self, context: Context) -> SessionGrant | None:
        """Keys do not end; there is nothing to refresh."""
        return None

    async def revoke(self, context: Context) -> None:
        """Keys are revoked on Binance's own page."""

    def expires(self, grant: SessionGrant) -> datetime | None:
        """Never by itself."""
        return None
