"""How indices and shares hang together: loadings of every spot on NIFTY and on the residual factors.

The shares' own movements are projected so that their weighted sum leaves NIFTY alone: in logs, the weighted shares
*are* the index.
"""

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from server.feeds.simulator.shares import INDICES, SHARES

__all__ = ("Universe",)

F8 = npt.NDArray[np.float64]

_YEAR_SECONDS: Final = 252 * 22_500


class Universe:
    """Loadings of all spots on the factors. Spots: the indices of `INDICES`, then `names` (shares)."""

    def __init__(self, names: Sequence[str]) -> None:
        facts = [s for s in SHARES if s.symbol in set(names)]
        self.shares = tuple(s.symbol for s in facts)
        self.names = tuple(i.name for i in INDICES) + self.shares
        weight = np.array([s.weight for s in facts])
        weight /= weight.sum()
        beta = np.array([s.beta for s in facts])
        beta /= weight @ beta  # the shares' weighted beta is that of the index: 1
        sectors = sorted({s.sector for s in facts})
        n, k = len(facts), len(sectors)
        own = np.array([s.own_vol for s in facts]) / 100.0
        raw = np.zeros((n, k + n + len(INDICES)))
        for i, share in enumerate(facts):
            # a third of the variance that beta leaves is the sector's
            raw[i, sectors.index(share.sector)] = own[i] * math.sqrt(0.33)
            raw[i, k + i] = own[i] * math.sqrt(0.67)
        self.projection: F8 = np.eye(n) - np.outer(beta, weight)
        """Takes out of the shares' own movements what would move the index."""
        loads = self.projection @ raw
        rows, betas = [], []
        for number, index in enumerate(INDICES):
            member = np.array([index.members.get(s, 0.0) for s in self.shares])
            row = member @ loads
            row[k + n + number] += index.own_vol / 100.0
            rows.append(row)
            betas.append(float(member @ beta) + index.beta * (1.0 - float(member.sum())))
        self.beta: F8 = np.concatenate([np.array(betas), beta])
        self.own: F8 = np.vstack([np.array(rows), loads]) / math.sqrt(_YEAR_SECONDS)
        """Loadings on the residual factors, log return of one mean second."""
        self.own_year: F8 = np.sqrt((self.own**2).sum(axis=1) * _YEAR_SECONDS)
        self.weight: F8 = weight
        self.members: F8 = np.array([[i.members.get(s, 0.0) for s in self.shares] for i in INDICES]).reshape(
            len(INDICES), n
        )

    def spread_jump(self, share: int) -> F8:
        """What a log jump of 1 in one share's own movement does to every spot."""
        column = self.projection[:, share]
        return np.concatenate([self.members @ column, column])
