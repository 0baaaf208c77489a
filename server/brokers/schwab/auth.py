"""Signing in to Schwab: OAuth with a code, once a week. Schwab sends the browser back to an https address on this
machine, registered with the app; Sauda listens there while a sign-in is under way.

The account's number is exchanged for the hash that every path carries (`feed_token` of the session).
"""

from collections.abc import Mapping
from datetime import datetime
from urllib.parse import urlencode

import msgspec

from server.brokers.kit.http import Call
from server.brokers.kit.manifest import Manifest
from server.brokers.kit.ports import Context, LoginStep
from server.brokers.kit.sessions import answered, session_end
from server.brokers.schwab.http import SchwabHttp
from server.brokers.schwab.parse import accounts
from server.brokers.schwab.wire import AccountNumber
from server.core.errors import Invalid
from server.domain.brokerage import SessionGrant

__all__ = ("SchwabLogin",)


class SchwabLogin:
    """Implements `kit.ports.Login`."""

    def __init__(self, manifest: Manifest) -> None:
        self._manifest = manifest

    def begin(self, context: Context, redirect: str, state: str) -> LoginStep:
        """Schwab's own page. The callback must be, to the letter, the one registered with the app."""
        back = context.credentials["callback"]
        if not back.startswith("https://"):
            raise Invalid(
                f"Schwab sends its users back to https addresses only, and {back[:80]!r} is none.",
                code="connect.callback",
                field="fields.callback",
                remedy="Register https://127.0.0.1:8182 as the app's callback URL, and write the same here.",
            )
        address = context.base.get("login") or self._manifest.addresses["login"]
        query = {
            "client_id": context.credentials["app_key"],
            "redirect_uri": back,
            "response_type": "code",
            "state": state,
        }
        return LoginStep(kind="redirect", url=f"{address}?{urlencode(query)}", listen=back)

    async def finish(self, context: Context, answer: Mapping[str, str]) -> SessionGrant:
        """Exchange the code, then find the account; the code is used up even where this fails."""
        code = answered(self._manifest, answer, "code")
        http = SchwabHttp(msgspec.structs.replace(context, session=None), self._manifest)
        await http.open()
        try:
            form = {"grant_type": "authorization_code", "code": code, "redirect_uri": context.credentials["callback"]}
            http.grant = grant = await http.grant_for(form)
            body = await http.ask(Call(name="session", method="GET", path="/accounts/accountNumbers"))
        finally:
            await http.close()
        chosen = _chosen(accounts(body), context.credentials.get("account", "").strip())
        return msgspec.structs.replace(
            grant,
            user=chosen.accountNumber,
            feed_token=chosen.hashValue,
            expires=session_end(self._manifest, context.clock.now()),
        )

    async def refresh(self, context: Context) -> SessionGrant | None:
        """A fresh access token; None when the seven days are over. Raises Unavailable where Schwab does not answer."""
        session = context.session
        if session is None or not session.refresh_token:
            return None
        if session.expires is not None and session.expires <= context.clock.now():
            return None
        http = SchwabHttp(context, self._manifest)
        await http.open()
        try:
            return await http.renew()
        finally:
            await http.close()

    async def revoke(self, context: Context) -> None:
        """Schwab has no address for it: what was allowed is taken back on its own page of linked apps."""

    def expires(self, grant: SessionGrant) -> datetime | None:
        """Seven days after the user signed in; renewing does not move it."""
        return grant.expires


def _chosen(found: tuple[AccountNumber, ...], wanted: str) -> AccountNumber:
    """The account meant, by its number or the end of it."""
    fits = [one for one in found if one.accountNumber.endswith(wanted)]
    if len(fits) == 1:
        return fits[0]
    ends = ", ".join(f"…{one.accountNumber[-4:]}" for one in found)
    raise Invalid(
        f"Schwab let Sauda see the accounts {ends}." if found else "Schwab let Sauda see no account.",
        code="broker.account",
        field="account",
        remedy="Write the number of one of them, or its last digits, into the field Account number.",
    )
