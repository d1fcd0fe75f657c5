"""Scellé: a sealed file exchange for health institutions."""

__version__ = "0.1.0"
