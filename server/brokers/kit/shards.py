"""Which instrument is watched on which socket, within the broker's limits."""

from collections.abc import Mapping

import msgspec

from server.core.errors import Denied

__all__ = ("Plan", "Shards")


class Plan(msgspec.Struct, frozen=True):
    """What one socket has to be told."""

    drop: tuple[str, ...]
    add: dict[str, str]
    """Token -> mode: new ones, and those whose mode changed."""

    def __bool__(self) -> bool:
        return bool(self.drop or self.add)


class Shards:
    """Tokens spread over at most `sockets` sockets of `room` tokens each; a token stays where it is."""

    def __init__(self, sockets: int, room: int) -> None:
        self.sockets = sockets
        self.room = room
        self._held: list[dict[str, str]] = []
        self._where: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._held)

    def held(self, socket: int) -> dict[str, str]:
        """Token -> mode of one socket: what to say again after a reconnect."""
        return dict(self._held[socket]) if socket < len(self._held) else {}

    def assign(self, wanted: Mapping[str, str]) -> list[Plan]:
        """Make the watched set exactly `wanted`; what each socket has to be told, by socket number. Raises Denied, and
        changes nothing, when there is no room."""
        if len(wanted) > self.sockets * self.room:
            raise Denied(
                f"{len(wanted)} instruments are more than the {self.sockets * self.room} this broker's streams carry.",
                code="broker.stream_full",
                limit=self.sockets * self.room,
                value=len(wanted),
                remedy="Watch fewer instruments, or let another broker carry some.",
            )
        drops: list[list[str]] = [[t for t in held if t not in wanted] for held in self._held]
        for held, gone in zip(self._held, drops, strict=True):
            for token in gone:
                del held[token]
                del self._where[token]
        adds: list[dict[str, str]] = [{} for _ in self._held]
        for token, mode in wanted.items():
            socket = self._where.get(token)
            if socket is None:
                socket = self._place(adds, drops)
                self._where[token] = socket
            if self._held[socket].get(token) != mode:
                self._held[socket][token] = mode
                adds[socket][token] = mode
        return [Plan(tuple(gone), added) for gone, added in zip(drops, adds, strict=True)]

    def _place(self, adds: list[dict[str, str]], drops: list[list[str]]) -> int:
        for number, held in enumerate(self._held):
            if len(held) < self.room:
                return number
        self._held.append({})
        adds.append({})
        drops.append([])
        return len(self._held) - 1
