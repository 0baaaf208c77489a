"""What a client of the TWS protocol asks, read field by field as server version 178 has it.

Nothing is guessed: a message with a field too few or too many raises Unreadable, and so do the parts of an order that
this gateway does not know (combinations, algorithms, conditions, ...). Field order is that of IB's own client.
"""

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from tests.brokers.tws_frames import Unreadable

__all__ = ("VERSION", "ContractAsked", "Fields", "HistoryAsked", "OrderSent", "greeting", "order_sent")

VERSION = 178
"""MIN_SERVER_VER_PENDING_PRICE_REVISION: the newest that speaks no protobuf in any part and that every client knows."""

_NAMES = """
order_id con_id symbol sec_type expiry strike right multiplier exchange primary currency local_symbol trading_class
sec_id_type sec_id action quantity type limit stop tif oca_group account open_close origin ref transmit parent block
sweep display trigger_method outside_rth hidden shares discretionary good_after good_till fa_group fa_method
fa_percentage model short_slot designated exempt oca_type rule_80a settling all_or_none min_qty percent_offset
etrade_only firm_quote nbbo_cap auction starting stock_ref delta range_lower range_upper override volatility
volatility_type neutral_type neutral_aux continuous reference_type trail_stop trail_percent scale_init scale_subs
scale_increment scale_table active_start active_stop hedge_type opt_out clearing clearing_intent not_held delta_neutral
algo algo_id what_if misc solicited random_size random_price conditions adjusted_type trigger_price limit_offset
adjusted_stop adjusted_stop_limit adjusted_trail adjusted_unit ext_operator tier_name tier_value cash decision_maker
decision_algo execution_trader execution_algo no_auto_price oms discretionary_up_to price_management duration
post_to_ats auto_cancel_parent error_override manual_time
"""
_ORDER = _NAMES.split()
_PLAIN = {
    "neutral_type": "",
    "scale_increment": "",
    "hedge_type": "",
    "delta_neutral": "0",
    "algo": "",
    "conditions": "0",
}
"""Fields that, when they are other than this, are followed by more."""


class Fields:
    """A message, read from its front."""

    def __init__(self, fields: list[str]) -> None:
        self._fields = fields
        self._at = 0

    def text(self) -> str:
        """The next field."""
        if self._at >= len(self._fields):
            raise Unreadable(f"{len(self._fields)} fields are too few")
        self._at += 1
        return self._fields[self._at - 1]

    def whole(self) -> int:
        """The next field, a whole number."""
        raw = self.text()
        try:
            return int(raw)
        except ValueError:
            raise Unreadable(f"field {self._at}: {raw!r} is no whole number") from None

    def flag(self) -> bool:
        """The next field, 0 or 1."""
        raw = self.text()
        if raw not in ("0", "1"):
            raise Unreadable(f"field {self._at}: {raw!r} is neither 0 nor 1")
        return raw == "1"

    def rest(self) -> list[str]:
        """All that is left."""
        found, self._at = self._fields[self._at :], len(self._fields)
        return found

    def version(self, expected: int) -> None:
        """The message's own version, where it has one."""
        found = self.whole()
        if found != expected:
            raise Unreadable(f"version {found} instead of {expected}")

    def end(self) -> None:
        """Nothing may be left."""
        if self._at != len(self._fields):
            raise Unreadable(f"{len(self._fields) - self._at} fields too many")


@dataclass(frozen=True)
class ContractAsked:
    """A contract as a client names it."""

    con_id: int
    symbol: str
    sec_type: str
    exchange: str
    currency: str

    @classmethod
    def read(cls, fields: Fields) -> "ContractAsked":
        """The twelve fields of a contract."""
        con_id, symbol, sec_type = fields.text(), fields.text(), fields.text()
        for _ in range(4):  # expiry, strike, right, multiplier
            fields.text()
        exchange, _, currency = fields.text(), fields.text(), fields.text()
        fields.text(), fields.text()  # local symbol, trading class
        return cls(int(con_id or 0), symbol, sec_type, exchange, currency)


@dataclass(frozen=True)
class HistoryAsked:
    """A request for bars."""

    number: int
    contract: ContractAsked
    end: str
    size: str
    duration: str
    what: str
    epoch: bool
    """Whether times within the day are asked for as seconds."""

    @classmethod
    def read(cls, fields: Fields) -> "HistoryAsked":
        """Message 20."""
        number, contract = fields.whole(), ContractAsked.read(fields)
        fields.flag()  # expired ones too
        end, size, duration = fields.text(), fields.text(), fields.text()
        fields.flag()  # regular hours only
        what, form = fields.text(), fields.whole()
        if fields.flag():
            raise Unreadable("bars that are kept up to date are not known here")
        fields.text()  # options
        fields.end()
        return cls(number, contract, end, size, duration, what, form == 2)


@dataclass(frozen=True)
class OrderSent:
    """A new order, or a change of one under its number."""

    number: int
    contract: ContractAsked
    action: str
    quantity: Decimal
    type: str
    limit: Decimal | None
    stop: Decimal | None
    tif: str
    ref: str
    account: str
    transmit: bool
    what_if: bool


def greeting(body: bytes) -> tuple[int, int]:
    """The least and the newest version that a client speaks: `v100..178`, perhaps with options behind a blank."""
    text = body.decode("ascii", "replace").partition(" ")[0]
    least, dots, newest = text.removeprefix("v").partition("..")
    if not text.startswith("v") or not least.isdigit() or (dots and not newest.isdigit()):
        raise Unreadable(f"{text!r} names no versions")
    return int(least), int(newest or least)


def order_sent(rest: list[str]) -> OrderSent:
    """Message 3 behind its number. An order that was read from a gateway and is sent back has `None` for a hedge."""
    hedge = _ORDER.index("neutral_type")
    if rest[hedge : hedge + 1] == ["None"]:
        rest = [*rest[:hedge], "", *rest[hedge + 1 : hedge + 2], *rest[hedge + 10 :]]
    if len(rest) != len(_ORDER):
        raise Unreadable(f"an order of {len(rest)} fields instead of {len(_ORDER)}")
    got = dict(zip(_ORDER, rest, strict=True))
    for name, plain in _PLAIN.items():
        if got[name] != plain:
            raise Unreadable(f"{name} {got[name]!r} is not known here")
    contract = ContractAsked(int(got["con_id"] or 0), got["symbol"], got["sec_type"], got["exchange"], got["currency"])
    return OrderSent(
        number=int(got["order_id"]),
        contract=contract,
        action=got["action"],
        quantity=_number(got["quantity"]) or Decimal(0),
        type=got["type"],
        limit=_number(got["limit"]),
        stop=_number(got["stop"]),
        tif=got["tif"],
        ref=got["ref"],
        account=got["account"],
        transmit=got["transmit"] == "1",
        what_if=got["what_if"] == "1",
    )


def _number(raw: str) -> Decimal | None:
    """A figure; empty and zero are none. Raises Unreadable: Java's parser knows no other words for numbers."""
    try:
        value = Decimal(raw) if raw else None
    except InvalidOperation:
        raise Unreadable(f"{raw!r} is no number") from None
    if value is not None and not value.is_finite():
        raise Unreadable(f"{raw!r} is no number")
    return value or None
