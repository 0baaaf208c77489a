"""A distribution of the spot whose density is made of straight lines between nodes.

As its density is nowhere below zero, no butterfly has a negative price; probabilities and option values are exact
cubics between the nodes. Spots are given as multiples of the forward inside, in rupees outside.
"""

import msgspec
import numpy as np
import numpy.typing as npt

__all__ = ("LinearDensity", "call_rows", "put_rows", "weights")

F8 = npt.NDArray[np.float64]


def weights(nodes: F8) -> tuple[F8, F8]:
    """(mass, first moment) of the hat function of each node: (n,), (n,)."""
    h = np.diff(nodes)
    mass, moment = np.zeros(nodes.size), np.zeros(nodes.size)
    mass[:-1] += h / 2
    mass[1:] += h / 2
    moment[:-1] += h * (nodes[:-1] / 3 + nodes[1:] / 6)
    moment[1:] += h * (nodes[1:] / 3 + nodes[:-1] / 6)
    return mass, moment


def call_rows(x: F8, nodes: F8) -> F8:
    """Value of a call struck at x under each hat function: (len(x), n)."""
    h = np.diff(nodes)
    cube = np.maximum(nodes - x[:, None], 0.0) ** 3 / 6.0
    per = (cube[:, :-1] - cube[:, 1:]) / h
    rows = np.zeros_like(cube)
    rows[:, 1:] += per
    rows[:, :-1] -= per
    # the density stops at both ends: half a hat is a jump and a slope
    rows[:, 0] -= np.maximum(nodes[0] - x, 0.0) ** 2 / 2.0
    rows[:, -1] += np.maximum(nodes[-1] - x, 0.0) ** 2 / 2.0
    return rows


def put_rows(x: F8, nodes: F8) -> F8:
    """Value of a put struck at x under each hat function: (len(x), n)."""
    return call_rows(-x, -nodes[::-1])[:, ::-1]


class LinearDensity(msgspec.Struct, frozen=True, eq=False):
    """Distribution of the spot at one expiry; no mass outside the nodes."""

    forward: float
    nodes: F8
    """Ascending multiples of the forward."""
    heights: F8
    """Density at the nodes, per multiple; mass and mean are one."""

    @property
    def mean(self) -> float:
        return self.forward

    def _pieces(self) -> tuple[F8, F8]:
        """Mass below each node, and value of a put struck there."""
        h, f = np.diff(self.nodes), self.heights
        mass = np.append(0.0, np.cumsum(h * (f[:-1] + f[1:]) / 2))
        put = np.append(0.0, np.cumsum(mass[:-1] * h + h * h * (f[:-1] / 3 + f[1:] / 6)))
        return mass, put

    def _local(self, x: npt.ArrayLike) -> tuple[npt.NDArray[np.intp], F8, F8]:
        """(interval, distance into it, slope of the density there)."""
        at = np.clip(np.asarray(x, float) / self.forward, self.nodes[0], self.nodes[-1])
        i = np.clip(np.searchsorted(self.nodes, at, "right") - 1, 0, self.nodes.size - 2)
        slope = np.diff(self.heights) / np.diff(self.nodes)
        return i, at - self.nodes[i], slope[i]

    def density(self, x: npt.ArrayLike) -> F8:
        found: F8 = np.interp(np.asarray(x, float) / self.forward, self.nodes, self.heights, 0.0, 0.0) / self.forward
        return found

    def cdf(self, x: npt.ArrayLike) -> F8:
        i, t, slope = self._local(x)
        found: F8 = self._pieces()[0][i] + self.heights[i] * t + slope * t * t / 2
        return np.clip(found, 0.0, 1.0)

    def put(self, x: npt.ArrayLike) -> F8:
        i, t, slope = self._local(x)
        mass, put = self._pieces()
        value = put[i] + mass[i] * t + self.heights[i] * t * t / 2 + slope * t**3 / 6
        beyond = np.maximum(np.asarray(x, float) / self.forward - self.nodes[-1], 0.0)
        found: F8 = self.forward * (value + beyond)
        return found

    def call(self, x: npt.ArrayLike) -> F8:
        """Expected max(spot - x, 0), summed from above so that far calls keep their digits."""
        mirror = LinearDensity(1.0, -self.nodes[::-1], self.heights[::-1])
        at = np.asarray(x, float) / self.forward
        i, t, slope = mirror._local(-at)
        mass, put = mirror._pieces()
        value = put[i] + mass[i] * t + mirror.heights[i] * t * t / 2 + slope * t**3 / 6
        found: F8 = self.forward * (value + np.maximum(self.nodes[0] - at, 0.0))
        return found

    def quantile(self, p: npt.ArrayLike) -> F8:
        chance = np.clip(np.asarray(p, float), 0.0, 1.0)
        mass = self._pieces()[0]
        i = np.clip(np.searchsorted(mass, chance * mass[-1], "right") - 1, 0, self.nodes.size - 2)
        rest = chance * mass[-1] - mass[i]
        f, slope = self.heights[i], (np.diff(self.heights) / np.diff(self.nodes))[i]
        root = np.sqrt(np.maximum(f * f + 2.0 * slope * rest, 0.0))
        with np.errstate(divide="ignore", invalid="ignore"):
            t = np.where(f + root > 0.0, 2.0 * rest / (f + root), 0.0)
        found: F8 = self.forward * np.minimum(self.nodes[i] + t, self.nodes[i + 1])
        return found
