"""The use cases of the service: the same decisions on any transport (spec/exchange.md, spec/api.md).

Each class takes the shared `Core`. Methods are synchronous and may be called from many threads at once.

Thread safety. State lives in the ledger, whose one writer runs every decision that changes it; facts are read inside
that transaction. What is held in memory beside it is one of three things: a value that is never changed and replaced
as a whole (the directory, the freezes), a counter or table behind its own lock (uploads, downloads, the clock watch,
intake keys), or something that only the writer's thread touches (the count of refusals).
"""
