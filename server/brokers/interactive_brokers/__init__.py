"""Interactive Brokers, through TWS or the IB Gateway that the user runs and is signed in to."""

from functools import cached_property
from pathlib import Path

from server.brokers.kit.manifest import Manifest, load_manifest
from server.brokers.kit.ports import Connection, Context, Login

__all__ = ("ADAPTER",)


class _Adapter:
    """Implements `kit.ports.Adapter`; what costs time to import is imported when a connection is made."""

    @cached_property
    def manifest(self) -> Manifest:
        return load_manifest(Path(__file__).parent)

    @cached_property
    def login(self) -> Login:
        from server.brokers.interactive_brokers.auth import GatewayLogin

        return GatewayLogin(self.manifest)

    def connect(self, context: Context) -> Connection:
        from server.brokers.interactive_brokers.config import GatewayConnection

        return GatewayConnection(context, self.manifest)


ADAPTER = _Adapter()
