"""Signing in to Upstox: OAuth with a code. The session ends at half past three in the morning, whenever it began."""

from collections.abc import Mapping
from datetime import datetime
from urllib.parse import urlencode

import msgspec

from server.brokers.kit.http import Call
from server.brokers.kit.manifest import Manifest
from server.brokers.kit.ports import Context, LoginStep
from server.brokers.kit.sessions import answered, session_end
from server.brokers.upstox.http import upstox_http
from server.brokers.upstox.parse import PARSERS
from server.domain.brokerage import SessionGrant

__all__ = ("UpstoxLogin",)


class UpstoxLogin:
    """Implements `kit.ports.Login`."""

    def __init__(self, manifest: Manifest) -> None:
        self._manifest = manifest
        self._redirects: dict[str, str] = {}
        """Our callback by state: the exchange of the code has to name it again."""

    def begin(self, context: Context, redirect: str, state: str) -> LoginStep:
        """Upstox's own page; the redirect has to be the one registered with the key."""
        address = context.base.get("login") or self._manifest.addresses["login"]
        back = context.credentials.get("redirect_uri") or redirect
        self._redirects = {**dict(list(self._redirects.items())[-20:]), state: back}
        query = {
            "client_id": context.credentials["api_key"],
            "redirect_uri": back,
            "response_type": "code",
            "state": state,
        }
        return LoginStep(kind="redirect", url=f"{address}?{urlencode(query)}")

    async def finish(self, context: Context, answer: Mapping[str, str]) -> SessionGrant:
        """Exchange the code; it is used up even where this fails."""
        code = answered(self._manifest, answer, "code")
        back = self._redirects.get(answer.get("state", "")) or context.credentials.get("redirect_uri", "")
        http = upstox_http(context, self._manifest)
        await http.open()
        try:
            body = await http.ask(
                Call(
                    name="session",
                    method="POST",
                    path="/v2/login/authorization/token",
                    form={
                        "code": code,
                        "client_id": context.credentials["api_key"],
                        "client_secret": context.credentials["api_secret"],
                        "redirect_uri": back,
                        "grant_type": "authorization_code",
                    },
                )
            )
        finally:
            await http.close()
        grant: SessionGrant = PARSERS["session"](body)
        now = context.clock.now()
        return msgspec.structs.replace(grant, issued=now, expires=session_end(self._manifest, now))

    async def refresh(self, context: Context) -> SessionGrant | None:
        """Upstox has no refresh token."""
        return None

    async def revoke(self, context: Context) -> None:
        """End the session at Upstox."""
        if context.session is None:
            return
        http = upstox_http(context, self._manifest)
        await http.open()
        try:
            await http.ask(Call(name="revoke", method="DELETE", path="/v2/logout"))
        finally:
            await http.close()

    def expires(self, grant: SessionGrant) -> datetime | None:
        """The next half past three after it was granted."""
        if grant.expires is not None or grant.issued is None:
            return grant.expires
        return session_end(self._manifest, grant.issued)
