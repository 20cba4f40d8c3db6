"""Journeys along roads: ways joined into a graph, places put on the nearest way, the quickest journey between them."""

from .journeys import RoadTimes, time_journeys

__all__ = ["RoadTimes", "time_journeys"]
