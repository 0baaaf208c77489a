"""One client's line to the fake gateway: the handshake, frames in and out, and all that can go wrong on the way.

A call's fault spoils its answer; `stream_fault` spoils what is pushed. Cuts are real resets of a real socket. An answer
that stops halfway holds up everything behind it, for there is one stream of bytes.
"""

import asyncio
import contextlib
import socket
import struct
from collections import deque
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from tests.brokers.base import TAKEN
from tests.brokers.exchange import Refused
from tests.brokers.tws_frames import GREETING, Unreadable, fields_of, frame, read_frame
from tests.brokers.tws_messages import error, stamp
from tests.brokers.tws_requests import VERSION, Fields, greeting

if TYPE_CHECKING:
    from tests.brokers.interactive_brokers import FakeGateway

__all__ = ("Line", "refused")

_NOISE = frame("\xff{{{ no message", "[")
_PAGE = "<html><body>Service unavailable</body></html>"
_AT_ONCE = (11, 59)
"""What comes however late the answer is: executions and what they cost."""
_RATE = 50
"""Messages a second that the gateway takes of a client; the third time that it is more it hangs up."""
_TURNS = 4
"""Turns of the loop after which what was written has been read at the other end, which runs on the same loop."""


def refused(code: int, text: str) -> Refused:
    """A no with the gateway's number of it."""
    return Refused(str(code), text)


class Line:
    """A connection. `heard` is what answers a message: it gets its number and what follows."""

    def __init__(
        self,
        fake: "FakeGateway",
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        heard: Callable[["Line", int, Fields], None],
    ) -> None:
        self.fake = fake
        self.client = -1
        """Its number, once it has started the API."""
        self.watched: dict[int, str] = {}
        self.summaries: set[int] = set()
        self.positions = False
        """Whether it is told of positions as they change."""
        self.open = True
        self._reader = reader
        self._writer = writer
        self._heard = heard
        self._answer: list[bytes] | None = None
        self._held: bytes | None = None
        self._jammed: list[bytes] | None = None
        self._times: deque[float] = deque()
        self.too_fast = 0

    async def run(self) -> None:
        """Serve until either end hangs up."""
        try:
            if await self._reader.readexactly(len(GREETING)) != GREETING:
                return
            least, newest = greeting(await read_frame(self._reader))
            if not least <= VERSION <= newest:
                return
            self.say(frame(VERSION, stamp(self.fake.now())))
            while self.open:
                body = await read_frame(self._reader)
                if self.fake.deaf or self._hurries():
                    continue
                try:
                    fields = Fields(fields_of(body))
                    self._heard(self, fields.whole(), fields)
                except Unreadable as wrong:
                    self.fake.unread.append(f"{wrong}: {body[:200]!r}")
                    self.say(error(-1, 320, f"Error reading request. {wrong}"))
        except (asyncio.IncompleteReadError, OSError, Unreadable):
            pass
        finally:
            self.close()

    # what it says

    def say(self, *messages: bytes) -> None:
        """Messages in one piece."""
        self._write(b"".join(messages))

    def push(self, *messages: bytes) -> None:
        """Messages that nobody asked for, as the stream fault says; while a command is answered they are its answer."""
        if self._answer is not None:
            self._answer += messages
            return
        fault = self.fake.stream_fault
        for message in messages if fault != "mute" else ():
            if fault == "late":
                self._behind(message)
                continue
            if fault == "garbage":
                self.say(_NOISE, error(-1, 2104, "Market data farm connection is OK:usfarm"))
            self.say(_halved(message) if fault == "cut" else message)
            if fault == "twice":
                self.say(message)
            self._release()

    def reply(self, call: str, *messages: bytes, number: int = -1) -> None:
        """Answer a read, or do what its fault says."""
        fault = self._meets(call)
        if fault is None:
            self.say(*messages)
        else:
            self._spoil(fault, messages, number)

    def command(self, call: str, number: int, act: Callable[[], Any]) -> None:
        """Carry out an order command: what it makes happen is its answer, which its fault may spoil."""
        fault = self._meets(call)
        if fault is not None and fault.kind not in TAKEN:
            self._spoil(fault, (), number)
            return
        self._answer = []
        try:
            act()
        except Refused as no:
            self._answer.append(error(number, int(no.kind), no.message))
        finally:
            told, self._answer = self._answer, None
        if fault is None:
            self.push(*told)
        elif fault.kind == "late":
            self.push(*(message for message in told if _number(message) in _AT_ONCE))
            self._later(fault.seconds, [message for message in told if _number(message) not in _AT_ONCE])
        else:
            self._spoil(fault, told, number)

    # how it ends

    def close(self) -> None:
        """Hang up."""
        self._forget()
        with contextlib.suppress(OSError, RuntimeError):
            self._writer.close()

    def cut(self) -> None:
        """The line is down, without a word."""
        self._forget()
        transport = self._writer.transport
        found = transport.get_extra_info("socket")
        if found is not None:
            with contextlib.suppress(OSError):
                found.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()

    def _forget(self) -> None:
        self.open = False
        self.watched.clear()
        self.fake.forget(self)

    # faults

    def _meets(self, call: str) -> Any:
        """Counts a call; the fault it meets, if any."""
        self.fake.calls[call] += 1
        fault = self.fake.faults.take(call)
        if fault is None and self.fake.lost == "once":
            self.fake.restore()
        return fault

    def _spoil(self, fault: Any, messages: Sequence[bytes], number: int) -> None:
        whole = b"".join(messages)
        match fault.kind:
            case "429":
                self.say(error(number, 100, "Max rate of messages per second has been exceeded:max=50 rec=51 (1)"))
            case "500_before" | "500_after":
                self.fake.lose("once")
            case "reset_before" | "reset_after":
                self.cut()
            case "late":
                self._later(fault.seconds, messages)
            case "half_body":
                self._write(whole[: len(whole) // 2])
                self.close()
            case "slow_body":
                self._write(whole[: len(whole) // 2])
                self._jammed = [whole[len(whole) // 2 :]]
                asyncio.get_running_loop().call_later(fault.seconds, self._flow)
            case "html":
                self.say(frame(_PAGE))
            case "html_500":
                self._write(b"HTTP/1.1 502 Bad Gateway\r\n\r\n" + _PAGE.encode())
            case "empty":
                self._write(struct.pack(">I", 0))
            case "wrong_type":
                self.say(*(_worded(message, alone=len(messages) == 1) for message in messages))
            case "garbage":
                self.say(_NOISE)

    def _hurries(self) -> bool:
        """Whether this message is one too many of its second."""
        now = self.fake.clock.monotonic()
        while self._times and now - self._times[0] > 1:
            self._times.popleft()
        self._times.append(now)
        if len(self._times) <= _RATE:
            return False
        self.too_fast += 1
        self.say(error(-1, 100, f"Max rate of messages per second has been exceeded:max=50 ({self.too_fast})"))
        if self.too_fast >= 3:
            self.close()
        return True

    def _later(self, seconds: float, messages: Sequence[bytes]) -> None:
        if not messages:
            return
        self.fake.under_way += 1

        def come() -> None:
            self.fake.under_way -= 1
            self.push(*messages)

        asyncio.get_running_loop().call_later(seconds, come)

    def _behind(self, message: bytes) -> None:
        """Keep a message back until the next one went out, or for a moment."""
        held, self._held = self._held, None
        if held is not None:
            self.say(message, held)
            return
        self._held = message
        self.fake.under_way += 1
        asyncio.get_running_loop().call_later(0.05, self._arrived)

    def _arrived(self) -> None:
        self.fake.under_way -= 1
        self._release()

    def _release(self) -> None:
        held, self._held = self._held, None
        if held is not None:
            self.say(held)

    def _flow(self) -> None:
        waiting, self._jammed = self._jammed or [], None
        for data in waiting:
            self._write(data)

    def _write(self, data: bytes) -> None:
        if not self.open or not data or self.fake.deaf:
            return
        if self._jammed is not None:
            self._jammed.append(data)
            return
        self._writer.write(data)
        self.fake.travels(_TURNS)


def _number(message: bytes) -> int:
    return int(message[4:].partition(b"\0")[0])


def _halved(message: bytes) -> bytes:
    """A message that lacks its second half, in a frame that says so."""
    fields = fields_of(message[4:])
    return frame(*fields[: max(1, len(fields) // 2)])


def _worded(message: bytes, *, alone: bool) -> bytes:
    """A message whose every figure is a word; one that is the whole answer loses its number too."""
    number, *rest = fields_of(message[4:])
    return frame("word" if alone else number, *("word" for _ in rest))
