"""Typed datasets: profiles, reading, checking, views, the subject index (spec/records.md). Vectorised over rows."""
