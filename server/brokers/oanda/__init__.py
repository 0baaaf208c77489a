"""OANDA v20: foreign exchange, metals and index contracts."""

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
        from server.brokers.oanda.auth import OandaLogin

        return OandaLogin(self.manifest)

    def connect(self, context: Context) -> Connection:
        from server.brokers.oanda.config import OandaConnection

        return OandaConnection(context, self.manifest)


ADAPTER = _Adapter()
