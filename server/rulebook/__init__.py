"""Dated market rules: sessions, holidays, contracts, charges, margins. `Rulebook.load` is the way in."""

from server.rulebook.book import Rulebook
from server.rulebook.contracts import Expiry, Underlying
from server.rulebook.margins import MarginRules
from server.rulebook.sessions import Phase, Session

__all__ = ("Expiry", "MarginRules", "Phase", "Rulebook", "Session", "Underlying")
