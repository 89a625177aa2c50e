"""Figures beside the forest: funnels, influence, courses over time, networks, specifications."""
