"""Promises between the core and its adapters, as Protocols."""
