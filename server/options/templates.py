"""Named strategies as data: which legs, how far from the money, for which view.

Strikes are written in units of distance from the money; what a unit is in rupees is settled when a template meets a
chain (`resolve`), from the listed strikes and from how far the spot is expected to move. `delta` says where a leg goes
when strikes are chosen by delta instead. Names and explanations are catalogue entries `strategy.<key>` and
`strategy.<key>.what`.
"""

from typing import Literal

import msgspec

__all__ = ("TEMPLATES", "LegType", "Template", "TemplateLeg", "ViewName", "VolatilityBet")

LegType = Literal["C", "P", "U"]
"""Call, put, the underlying itself (shares, or a future where there are none)."""
ViewName = Literal["bullish", "bearish", "neutral", "volatile"]
VolatilityBet = Literal["long", "short", "flat"]


class TemplateLeg(msgspec.Struct, frozen=True):
    """One leg, in lots."""

    type: LegType
    ratio: int
    """Signed lots."""
    steps: int = 0
    """Units from the money; above it is positive for calls and puts alike."""
    delta: float | None = None
    """Size of the delta (0..1) this leg is put at when strikes are chosen by delta; None = by `steps`."""
    expiry: int = 0
    """0 the chosen expiry, 1 the one after it."""


class Template(msgspec.Struct, frozen=True):
    """One named strategy."""

    key: str
    view: ViewName
    legs: tuple[TemplateLeg, ...]
    volatility: VolatilityBet
    """What a rise of implied volatility does to it as a rule: helps (long), hurts (short), little (flat)."""
    beside: Literal["above", "below"] | None = None
    """All strikes lie above, or below, the spot: what tells it from a relative with the same legs."""
    even: bool | None = None
    """True where the wings are equally wide, False where they are not, None where it does not matter."""

    @property
    def loss_limited(self) -> bool:
        """Whether the legs themselves cap the loss, however far the spot moves: a put sold alone does not."""
        calls, puts, held = self._net
        return calls + held >= 0 and puts - held >= 0

    @property
    def profit_limited(self) -> bool:
        """Whether the legs cap the profit, however far the spot moves."""
        calls, puts, held = self._net
        return calls + held <= 0 and puts - held <= 0

    @property
    def _net(self) -> tuple[int, int, int]:
        """Lots bought less sold, of calls, puts and the underlying."""
        calls, puts, held = (sum(leg.ratio for leg in self.legs if leg.type == kind) for kind in "CPU")
        return calls, puts, held


def _t(
    key: str,
    view: ViewName,
    legs: str,
    volatility: VolatilityBet,
    beside: Literal["above", "below"] | None = None,
    even: bool | None = None,
) -> Template:
    """A template from a line: `-1P-2@0.2` sells a put two units below the money, or of delta 0.2; `'` = next expiry."""
    return Template(key, view, tuple(_leg(word) for word in legs.split()), volatility, beside, even)


def _leg(word: str) -> TemplateLeg:
    place = next(i for i, letter in enumerate(word) if letter in "CPU")
    rest, _, delta = word[place + 1 :].partition("@")
    kind: LegType = "C" if word[place] == "C" else "P" if word[place] == "P" else "U"
    return TemplateLeg(
        kind, int(word[:place]), int(rest.rstrip("'") or 0), float(delta) if delta else None, int(rest.endswith("'"))
    )


_LISTED = (
    # bullish
    _t("long_call", "bullish", "+1C0@0.5", "long"),
    _t("short_put", "bullish", "-1P-2@0.25", "short"),
    _t("bull_call_spread", "bullish", "+1C0@0.5 -1C2@0.25", "flat"),
    _t("bull_put_spread", "bullish", "+1P-2@0.2 -1P0@0.45", "flat"),
    _t("call_ratio_back_spread", "bullish", "-1C0@0.5 +2C2@0.25", "long"),
    _t("call_ladder", "bullish", "+1C0@0.5 -1C2@0.25 -1C4@0.1", "short"),
    _t("bull_condor", "bullish", "+1C1 -1C2 -1C4 +1C5", "short", "above"),
    _t("bull_butterfly", "bullish", "+1C1 -2C3 +1C5", "short", "above", True),
    _t("long_synthetic", "bullish", "+1C0 -1P0", "flat"),
    _t("range_forward", "bullish", "-1P-2@0.25 +1C2@0.25", "flat"),
    _t("covered_call", "bullish", "+1U -1C2@0.3", "short"),
    _t("protective_put", "bullish", "+1U +1P-2@0.3", "long"),
    _t("collar", "bullish", "+1U +1P-2@0.25 -1C2@0.25", "flat"),
    # bearish
    _t("long_put", "bearish", "+1P0@0.5", "long"),
    _t("short_call", "bearish", "-1C2@0.25", "short"),
    _t("bear_put_spread", "bearish", "+1P0@0.5 -1P-2@0.25", "flat"),
    _t("bear_call_spread", "bearish", "-1C0@0.45 +1C2@0.2", "flat"),
    _t("put_ratio_back_spread", "bearish", "-1P0@0.5 +2P-2@0.25", "long"),
    _t("put_ladder", "bearish", "+1P0@0.5 -1P-2@0.25 -1P-4@0.1", "short"),
    _t("bear_condor", "bearish", "+1P-1 -1P-2 -1P-4 +1P-5", "short", "below"),
    _t("bear_butterfly", "bearish", "+1P-1 -2P-3 +1P-5", "short", "below", True),
    _t("short_synthetic", "bearish", "-1C0 +1P0", "flat"),
    _t("risk_reversal", "bearish", "+1P-2@0.25 -1C2@0.25", "flat"),
    _t("covered_put", "bearish", "-1U -1P-2@0.3", "short"),
    _t("protective_call", "bearish", "-1U +1C2@0.3", "long"),
    # neutral
    _t("short_straddle", "neutral", "-1C0 -1P0", "short"),
    _t("short_strangle", "neutral", "-1P-3@0.16 -1C3@0.16", "short"),
    _t("iron_butterfly", "neutral", "+1P-3@0.1 -1P0 -1C0 +1C3@0.1", "short"),
    _t("iron_condor", "neutral", "+1P-4@0.08 -1P-2@0.2 -1C2@0.2 +1C4@0.08", "short"),
    _t("call_butterfly", "neutral", "+1C-2 -2C0 +1C2", "short", None, True),
    _t("put_butterfly", "neutral", "+1P-2 -2P0 +1P2", "short", None, True),
    _t("broken_wing_call_butterfly", "neutral", "+1C0 -2C2 +1C5", "short", None, False),
    _t("broken_wing_put_butterfly", "neutral", "+1P0 -2P-2 +1P-5", "short", None, False),
    _t("call_condor", "neutral", "+1C-3 -1C-1 -1C1 +1C3", "short"),
    _t("put_condor", "neutral", "+1P-3 -1P-1 -1P1 +1P3", "short"),
    _t("call_ratio_spread", "neutral", "+1C0@0.5 -2C2@0.25", "short"),
    _t("put_ratio_spread", "neutral", "+1P0@0.5 -2P-2@0.25", "short"),
    _t("batman", "neutral", "-2P-3 +1P-1 +1C1 -2C3", "short"),
    _t("jade_lizard", "neutral", "-1P-2@0.3 -1C1@0.3 +1C2@0.2", "short"),
    _t("reverse_jade_lizard", "neutral", "+1P-2@0.2 -1P-1@0.3 -1C2@0.3", "short"),
    _t("call_calendar", "neutral", "-1C0 +1C0'", "long"),
    _t("put_calendar", "neutral", "-1P0 +1P0'", "long"),
    _t("double_calendar", "neutral", "-1P-2 -1C2 +1P-2' +1C2'", "long"),
    _t("call_diagonal", "bullish", "-1C2@0.3 +1C0'@0.6", "long"),
    _t("put_diagonal", "bearish", "-1P-2@0.3 +1P0'@0.6", "long"),
    # volatile
    _t("long_straddle", "volatile", "+1C0 +1P0", "long"),
    _t("long_strangle", "volatile", "+1P-2@0.25 +1C2@0.25", "long"),
    _t("reverse_iron_butterfly", "volatile", "-1P-3@0.1 +1P0 +1C0 -1C3@0.1", "long"),
    _t("reverse_iron_condor", "volatile", "-1P-4@0.1 +1P-2@0.3 +1C2@0.3 -1C4@0.1", "long"),
    _t("strip", "volatile", "+1C0 +2P0", "long"),
    _t("strap", "volatile", "+2C0 +1P0", "long"),
    _t("short_call_butterfly", "volatile", "-1C-2 +2C0 -1C2", "long"),
    _t("short_put_butterfly", "volatile", "-1P-2 +2P0 -1P2", "long"),
)

TEMPLATES: dict[str, Template] = {template.key: template for template in _LISTED}
"""All templates by key, in the order they are shown."""
