"""The HTTP interface of the service (spec/api.md): one table of routes, and the shell that serves it."""
