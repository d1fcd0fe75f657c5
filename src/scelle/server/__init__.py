"""The service: use cases (`service`), and HTTP in front of them (`api`). The use cases know no transport."""
