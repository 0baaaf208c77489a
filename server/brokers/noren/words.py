"""Noren's words and ours. Spellings differ between its back ends: case and underscores are evened out first."""

from server.brokers.kit.reading import Vocabulary
from server.domain.brokerage import LineProduct, LineSide, LineState, LineType, LineValidity, RefusalKind

__all__ = ("Words", "even", "refusal_kind")

_STATES: dict[str, LineState] = {
    "PENDING": "PENDING",
    "OPEN PENDING": "PENDING",
    "VALIDATION PENDING": "PENDING",
    "PUT ORDER REQ RECEIVED": "PENDING",
    "AFTER MARKET ORDER REQ RECEIVED": "PENDING",
    "AMO REQ RECEIVED": "PENDING",
    "NEW": "OPEN",
    "OPEN": "OPEN",
    "REPLACED": "OPEN",
    "MODIFIED": "OPEN",
    "MODIFY PENDING": "OPEN",
    "MODIFY VALIDATION PENDING": "OPEN",
    "PENDING REPLACE": "OPEN",
    "CANCEL PENDING": "OPEN",
    "PENDING CANCEL": "OPEN",
    "NOT MODIFIED": "OPEN",
    "NOT CANCELLED": "OPEN",
    "TRIGGER PENDING": "TRIGGER_PENDING",
    "PARTIALLY FILLED": "PARTIAL",
    "COMPLETE": "FILLED",
    "COMPLETED": "FILLED",
    "FILLED": "FILLED",
    "CANCELED": "CANCELLED",
    "CANCELLED": "CANCELLED",
    "CANCELLED AMO": "CANCELLED",
    "REJECTED": "REJECTED",
    "REJECT": "REJECTED",
    "EXPIRED": "EXPIRED",
}
_REASONS: tuple[tuple[str, RefusalKind], ...] = (
    ("SESSION", "auth"),
    ("INVALID USER", "auth"),
    ("NOT AUTHORI", "permission"),
    ("STATIC IP", "permission"),
    ("RATE", "rate"),
    ("TOO MANY", "rate"),
    ("LIMIT EXCEEDED", "rate"),
    ("MARGIN", "funds"),
    ("SHORTFALL", "funds"),
    ("INSUFFICIENT", "funds"),
    ("TIMEOUT", "network"),
    ("TIME OUT", "network"),
    ("NOT FOUND", "not_found"),
    ("NO DATA", "not_found"),
    ("INVALID INPUT", "input"),
    ("MISSING", "input"),
    ("REJECTED", "order"),
    ("RED:", "order"),
    ("RMS", "order"),
)
"""Parts of the message, upper case, asked in this order."""


def even(word: str) -> str:
    """Upper case, blanks for underscores, one blank at a time."""
    return " ".join(word.replace("_", " ").upper().split())


def refusal_kind(message: str) -> RefusalKind:
    """What the caller can do about a refusal, from its text alone: Noren has no codes."""
    text = message.upper()
    return next((kind for part, kind in _REASONS if part in text), "other")


class Words:
    """The vocabularies of one Noren broker, so that unknown words are counted under its name."""

    def __init__(self, broker: str) -> None:
        self.side: Vocabulary[LineSide] = Vocabulary(broker, "trantype", {"B": "BUY", "S": "SELL"})
        self.type: Vocabulary[LineType] = Vocabulary(
            broker,
            "prctyp",
            {
                "LMT": "LIMIT",
                "MKT": "MARKET",
                "SL-LMT": "SL",
                "SL-MKT": "SL-M",
                "L": "LIMIT",
                "MARKET": "MARKET",
                "LIMIT": "LIMIT",
                "SL": "SL",
                "SL-M": "SL-M",
            },
        )
        self.product: Vocabulary[LineProduct] = Vocabulary(
            broker,
            "prd",
            {
                "C": "CNC",
                "M": "NRML",
                "I": "MIS",
                "H": "CO",
                "B": "BO",
                "F": "MTF",
                "CNC": "CNC",
                "NRML": "NRML",
                "MIS": "MIS",
                "MTF": "MTF",
            },
        )
        self.validity: Vocabulary[LineValidity] = Vocabulary(broker, "ret", {"DAY": "DAY", "IOC": "IOC", "EOS": "DAY"})
        self.state: Vocabulary[LineState] = Vocabulary(broker, "status", _STATES)

    def read_state(self, raw: str, filled: bool) -> LineState:
        """The order's state; open and filled in part is PARTIAL."""
        state = self.state.read(even(raw))
        return "PARTIAL" if state == "OPEN" and filled else state
