"""Signing in to Kite: the login page comes back with a request token, which key and secret turn into a session.

The session lasts until six in the morning, or until the user signs in elsewhere with the same key.
"""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from urllib.parse import urlencode

import msgspec

from server.brokers.kit.http import Call
from server.brokers.kit.manifest import Manifest
from server.brokers.kit.ports import Context, LoginStep
from server.brokers.kit.sessions import answered, session_end
from server.brokers.zerodha.http import kite_http
from server.brokers.zerodha.parse import PARSERS
from server.domain.brokerage import SessionGrant

__all__ = ("KiteLogin",)


class KiteLogin:
    """Implements `kit.ports.Login`."""

    def __init__(self, manifest: Manifest) -> None:
        self._manifest = manifest

    def begin(self, context: Context, redirect: str, state: str) -> LoginStep:
        """Kite sends back to the address registered with the key; our state travels as a redirect parameter."""
        address = context.base.get("login") or self._manifest.addresses["login"]
        query = urlencode(
            {
                "v": "3",
                "api_key": context.credentials["api_key"],
                "redirect_params": urlencode({"state": state}),
            }
        )
        return LoginStep(kind="redirect", url=f"{address}?{query}")

    async def finish(self, context: Context, answer: Mapping[str, str]) -> SessionGrant:
        """Exchange the request token."""
        token = answered(self._manifest, answer, "request_token", ok=("status", "success"))
        key = context.credentials["api_key"]
        checksum = hashlib.sha256((key + token + context.credentials["api_secret"]).encode()).hexdigest()
        http = kite_http(context, self._manifest)
        await http.open()
        try:
            body = await http.ask(
                Call(
                    name="session",
                    method="POST",
                    path="/session/token",
                    form={"api_key": key, "request_token": token, "checksum": checksum},
                )
            )
        finally:
            await http.close()
        grant: SessionGrant = PARSERS["session"](body)
        now = context.clock.now()
        return msgspec.structs.replace(grant, issued=grant.issued or now, expires=session_end(self._manifest, now))

    async def refresh(self, context: Context) -> SessionGrant | None:
        """Kite gives ordinary accounts nothing to refresh with."""
        return None

    async def revoke(self, context: Context) -> None:
        """End the session at Kite."""
        if context.session is None:
            return
        http = kite_http(context, self._manifest)
        await http.open()
        try:
            await http.ask(
                Call(
                    name="revoke",
                    method="DELETE",
                    path="/session/token",
                    query=[
                        ("api_key", context.credentials["api_key"]),
                        ("access_token", context.session.access_token),
                    ],
                )
            )
        finally:
            await http.close()

    def expires(self, grant: SessionGrant) -> datetime | None:
        """Six in the morning after it was granted."""
        if grant.expires is not None or grant.issued is None:
            return grant.expires
        return session_end(self._manifest, grant.issued)
