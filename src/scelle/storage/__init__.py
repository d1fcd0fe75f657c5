"""Adapters of the storage ports: the ledger on SQLite, release shares and sealed parts in files."""
