"""Signing in to Flattrade: the login page comes back with a code, which key and secret turn into a day's token.

The page carries nothing of ours back: the sign-in that is pending is the one that is meant.
"""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from urllib.parse import urlencode

import msgspec

from server.brokers.flattrade.http import flattrade_http
from server.brokers.flattrade.parse import PARSERS
from server.brokers.kit.http import Call
from server.brokers.kit.manifest import Manifest
from server.brokers.kit.ports import Context, LoginStep
from server.brokers.kit.sessions import answered, session_end
from server.core.errors import Invalid
from server.domain.brokerage import SessionGrant

__all__ = ("FlattradeLogin",)


class FlattradeLogin:
    """Implements `kit.ports.Login`."""

    def __init__(self, manifest: Manifest) -> None:
        self._manifest = manifest

    def begin(self, context: Context, redirect: str, state: str) -> LoginStep:
        """The page of the API key; it sends back to the address registered with the key."""
        address = context.base.get("login") or self._manifest.addresses["login"]
        query = urlencode({"app_key": context.credentials["api_key"], "state": state})
        return LoginStep(kind="redirect", url=f"{address}?{query}")

    async def finish(self, context: Context, answer: Mapping[str, str]) -> SessionGrant:
        """Exchange the code."""
        code = answered(self._manifest, answer, "code")
        key = context.credentials["api_key"]
        secret = hashlib.sha256((key + code + context.credentials["api_secret"]).encode()).hexdigest()
        http = flattrade_http(context, self._manifest)
        await http.open()
        try:
            body = await http.ask(
                Call(
                    name="session",
                    method="POST",
                    path="",
                    address="token",
                    json={"api_key": key, "request_code": code, "api_secret": secret},
                )
            )
            try:
                refusal = PARSERS["error"](body)
            except Invalid:
                refusal = None
            if refusal is not None:
                http.raise_refusal(msgspec.structs.replace(refusal, kind="auth"))
        finally:
            await http.close()
        grant: SessionGrant = PARSERS["session"](body)
        now = context.clock.now()
        return msgspec.structs.replace(grant, issued=now, expires=session_end(self._manifest, now))

    async def refresh(self, context: Context) -> SessionGrant | None:
        """Flattrade gives nothing to refresh with."""
        return None

    async def revoke(self, context: Context) -> None:
        """Flattrade has no call for it; the token ends with the day."""

    def expires(self, grant: SessionGrant) -> datetime | None:
        """Early in the morning after it was granted."""
        if grant.expires is not None or grant.issued is None:
            return grant.expires
        return session_end(self._manifest, grant.issued)
