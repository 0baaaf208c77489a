"""Signing in to FYERS: a code from its page, exchanged with a hash of app id and secret. The token says its own end;
with the PIN it can be renewed for fifteen days.
"""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

import msgspec

from server.brokers.fyers.http import fyers_http
from server.brokers.fyers.parse import PARSERS
from server.brokers.kit.http import Call
from server.brokers.kit.manifest import Manifest
from server.brokers.kit.ports import Context, LoginStep
from server.brokers.kit.sessions import answered
from server.domain.brokerage import SessionGrant

__all__ = ("FyersLogin",)


class FyersLogin:
    """Implements `kit.ports.Login`."""

    def __init__(self, manifest: Manifest) -> None:
        self._manifest = manifest

    def begin(self, context: Context, redirect: str, state: str) -> LoginStep:
        """FYERS' own page."""
        address = context.base.get("login") or self._manifest.addresses["login"]
        query = {
            "client_id": context.credentials["app_id"],
            "redirect_uri": context.credentials.get("redirect_uri") or redirect,
            "response_type": "code",
            "state": state,
        }
        return LoginStep(kind="redirect", url=f"{address}?{urlencode(query)}")

    async def finish(self, context: Context, answer: Mapping[str, str]) -> SessionGrant:
        """Exchange the code."""
        code = answered(self._manifest, answer, "auth_code", ok=("s", "ok"))
        return await self._ask(
            context,
            "/validate-authcode",
            {"grant_type": "authorization_code", "appIdHash": _hash(context), "code": code},
        )

    async def refresh(self, context: Context) -> SessionGrant | None:
        """A new token by PIN, where the user keeps one with us and the last sign-in is young enough."""
        session, pin = context.session, context.credentials.get("pin", "")
        if session is None or not session.refresh_token or not pin:
            return None
        grant = await self._ask(
            context,
            "/validate-refresh-token",
            {
                "grant_type": "refresh_token",
                "appIdHash": _hash(context),
                "refresh_token": session.refresh_token,
                "pin": pin,
            },
        )
        return msgspec.structs.replace(grant, refresh_token=session.refresh_token)

    async def revoke(self, context: Context) -> None:
        """End the session at FYERS."""
        if context.session is None:
            return
        http = fyers_http(context, self._manifest)
        await http.open()
        try:
            await http.ask(Call(name="revoke", method="POST", path="/logout", json={}))
        finally:
            await http.close()

    def expires(self, grant: SessionGrant) -> datetime | None:
        """As the token says."""
        return grant.expires

    async def _ask(self, context: Context, path: str, json: Mapping[str, Any]) -> SessionGrant:
        http = fyers_http(msgspec.structs.replace(context, session=None), self._manifest)
        await http.open()
        try:
            body = await http.ask(Call(name="session", method="POST", path=path, json=json))
            if b'"access_token"' not in body:
                http.raise_refusal(PARSERS["error"](body))
        finally:
            await http.close()
        grant: SessionGrant = PARSERS["session"](body)
        return msgspec.structs.replace(grant, issued=context.clock.now())


def _hash(context: Context) -> str:
    return hashlib.sha256(f"{context.credentials['app_id']}:{context.credentials['secret']}".encode()).hexdigest()
