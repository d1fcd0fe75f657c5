"""The age v1 file (C2SP age.md): header, recipients, payload, armor. Bytes to values and back, without I/O."""
