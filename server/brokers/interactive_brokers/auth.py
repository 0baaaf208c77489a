"""Signing in: the user has done it at the gateway. Here it is asked which account is behind it."""

from collections.abc import Mapping
from datetime import datetime

from server.brokers.interactive_brokers.http import Gateway
from server.brokers.kit.manifest import Manifest
from server.brokers.kit.ports import Context, LoginStep
from server.core.errors import Invalid
from server.domain.brokerage import SessionGrant

__all__ = ("GatewayLogin",)


class GatewayLogin:
    """Implements `kit.ports.Login`."""

    def __init__(self, manifest: Manifest) -> None:
        self._manifest = manifest

    def begin(self, context: Context, redirect: str, state: str) -> LoginStep:
        """The gateway has done it."""
        return LoginStep(kind="none")

    async def finish(self, context: Context, answer: Mapping[str, str]) -> SessionGrant:
        """Connect, under a client number of its own, and read which accounts there are.

        Raises Invalid where several are and none was chosen, and for one that is not kept in dollars."""
        gateway = Gateway(context, self._manifest, probe=True)
        await gateway.open()
        try:
            account = _chosen(gateway.client.managedAccounts(), context.credentials.get("account", "").strip())
            rows = [row for row in await gateway.summary() if row.account == account]
        finally:
            await gateway.close()
        kept = {row.currency for row in rows if row.tag == "AvailableFunds"}
        if kept - {"", "BASE", self._manifest.currency}:
            raise Invalid(
                f"The account is kept in {', '.join(sorted(kept))}; figures here are in {self._manifest.currency}.",
                code="broker.currency",
                remedy="Use an account whose base currency is the dollar.",
            )
        return SessionGrant(user=account, issued=context.clock.now())

    async def refresh(self, context: Context) -> SessionGrant | None:
        """The gateway keeps the session; there is nothing to refresh."""
        return None

    async def revoke(self, context: Context) -> None:
        """The gateway's own session is its user's."""

    def expires(self, grant: SessionGrant) -> datetime | None:
        """Not by itself."""
        return None


def _chosen(accounts: list[str], wanted: str) -> str:
    if wanted in accounts:
        return wanted
    if wanted or len(accounts) != 1:
        raise Invalid(
            f"The gateway has the accounts {', '.join(accounts)}." if accounts else "The gateway names no account.",
            code="broker.account",
            field="account",
            remedy="Name one of them.",
        )
    return accounts[0]
