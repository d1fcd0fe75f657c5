"""French (français)."""
