"""Signing in to Alice Blue: the login page comes back with a code and the user, which the secret turns into a session.

The page carries nothing of ours back: the sign-in that is pending is the one that is meant.
"""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from urllib.parse import urlencode

import msgspec

from server.brokers.aliceblue.http import AliceHttp
from server.brokers.aliceblue.parse import PARSERS
from server.brokers.kit.http import Call
from server.brokers.kit.manifest import Manifest
from server.brokers.kit.ports import Context, LoginStep
from server.brokers.kit.sessions import answered, session_end
from server.core.errors import Invalid
from server.domain.brokerage import SessionGrant

__all__ = ("AliceLogin",)


class AliceLogin:
    """Implements `kit.ports.Login`."""

    def __init__(self, manifest: Manifest) -> None:
        self._manifest = manifest

    def begin(self, context: Context, redirect: str, state: str) -> LoginStep:
        """The page of the app; it sends back to the address registered with it."""
        address = context.base.get("login") or self._manifest.addresses["login"]
        query = urlencode({"appcode": context.credentials["app_code"], "state": state})
        return LoginStep(kind="redirect", url=f"{address}?{query}")

    async def finish(self, context: Context, answer: Mapping[str, str]) -> SessionGrant:
        """Exchange the code."""
        code, user = answered(self._manifest, answer, "authCode"), answered(self._manifest, answer, "userId")
        checksum = hashlib.sha256((user + code + context.credentials["api_secret"]).encode()).hexdigest()
        side = AliceHttp(context, self._manifest)
        await side.http.open()
        try:
            body = await side.http.ask(
                Call(
                    name="session",
                    method="POST",
                    path="/open-api/od/v1/vendor/getUserDetails",
                    json={"checkSum": checksum},
                )
            )
            try:
                refusal = PARSERS["error"](body)
            except Invalid:
                refusal = None
            if refusal is not None:
                side.http.raise_refusal(msgspec.structs.replace(refusal, kind="auth"))
        finally:
            await side.http.close()
        grant: SessionGrant = PARSERS["session"](body)
        now = context.clock.now()
        ends = session_end(self._manifest, now)
        return msgspec.structs.replace(grant, user=grant.user or user, issued=now, expires=ends)

    async def refresh(self, context: Context) -> SessionGrant | None:
        """Alice Blue gives nothing to refresh with."""
        return None

    async def revoke(self, context: Context) -> None:
        """There is no call for it; the session ends with the day."""

    def expires(self, grant: SessionGrant) -> datetime | None:
        """Early in the morning after it was granted."""
        if grant.expires is not None or grant.issued is None:
            return grant.expires
        return session_end(self._manifest, grant.issued)
