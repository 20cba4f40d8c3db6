"""Scales of colours for the map, after ColorBrewer (Brewer and Harrower 2002), safe for colour-blind readers.

Every scale tells its classes apart by lightness too, so that they hold on a poor printer; the ends are moved apart for
thin areas. None sets red against green.
"""

from __future__ import annotations

YELLOW_TO_BLUE = ("#ffffcc", "#a1dab4", "#41b6c4", "#2c7fb8", "#253494")
PURPLES = ("#e6e4f0", "#c3c1de", "#9e9ac8", "#756bb1", "#4a1486")
BROWNS = ("#fff3d6", "#fdd07e", "#fe9929", "#cc5c10", "#7f2f04")
BLUES = ("#eaf3fb", "#bdd7ec", "#74add6", "#2b7bba", "#08306b")
LOSSES = ("#8c4506", "#f0a44b")
"""Orange half of PuOr: what lost most, then what lost less."""
SAME = "#f7f7f7"
GAINS = ("#b2abd2", "#3f1d6b")
"""Purple half of PuOr: what gained less, then what gained most."""
PALE = "#e8edee"
"""Where there is nothing to point at."""


def spread(colours: tuple, number: int) -> list:
    """As many of the colours as there are classes, from both ends inwards."""
    if number <= 1:
        return list(colours[len(colours) // 2 :][:number])
    return [colours[round(k * (len(colours) - 1) / (number - 1))] for k in range(number)]
