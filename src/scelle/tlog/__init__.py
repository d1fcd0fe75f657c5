"""Transparency logs: Merkle trees (RFC 9162), C2SP signed notes, checkpoints, cosignatures, tiles, policies, proofs.

No I/O: bytes and values in, facts out. See spec/log.md.
"""
