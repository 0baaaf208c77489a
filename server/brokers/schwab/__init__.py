"""Charles Schwab: US shares, and their options to watch."""

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
        from server.brokers.schwab.auth import SchwabLogin

        return SchwabLogin(self.manifest)

    def connect(self, context: Context) -> Connection:
        from server.brokers.schwab.config import SchwabConnection

        return SchwabConnection(context, self.manifest)


ADAPTER = _Adapter()
