"""The records that stand behind the entries of the activity log (spec/exchange.md §6)."""
