"""Dated market rules: sessions, holidays, contracts, charges, margins. `Rulebook.load` is the way in."""

from server.rulebook.book import Rulebook
from server.rulebook.charges import ContractNote, Trade
from server.rulebook.expiries import Expiry
from server.rulebook.margins import DELIVERY_LOOK_DAYS, MarginRules
from server.rulebook.names import Underlying
from server.rulebook.sessions import Phase, Session, Settlement

__all__ = (
    "DELIVERY_LOOK_DAYS",
    "ContractNote",
    "Expiry",
    "MarginRules",
    "Phase",
    "Rulebook",
    "Session",
    "Settlement",
    "Trade",
    "Underlying",
)
