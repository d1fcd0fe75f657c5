"""Prometheus metrics: counts, sizes and times; labels come from the table of routes, never from a request."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from scelle.exchange.answers import Health

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Metrics:
    """The instruments of one service, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter("scelle_requests", "Requests answered.", ["route", "status"], registry=self.registry)
        self.seconds = Histogram(
            "scelle_request_seconds",
            "Seconds from the header of a request to the end of its answer.",
            ["route"],
            buckets=(0.005, 0.025, 0.1, 0.5, 2.5, 10, 60),
            registry=self.registry,
        )
        self.running = Gauge("scelle_requests_running", "Requests under way.", registry=self.registry)
        self.uploaded = Counter("scelle_uploaded_bytes", "Sealed bytes received.", registry=self.registry)
        self.downloaded = Counter("scelle_downloaded_bytes", "Sealed bytes sent.", registry=self.registry)
        self.cut = Counter("scelle_downloads_cut", "Downloads cut off amid the way.", registry=self.registry)
        self.defects = Counter("scelle_defects", "Unforeseen exceptions.", registry=self.registry)
        self.refusals = Counter("scelle_refusals", "Requests refused, by error code.", ["code"], registry=self.registry)
        self._healthy = Gauge("scelle_healthy", "1 when health is green.", registry=self.registry)
        self._overdue = Gauge("scelle_overdue_transfers", "Transfers held past their time.", registry=self.registry)
        self._steady = Gauge("scelle_clock_steady", "1 when the clock can be believed.", registry=self.registry)
        self._sweep = Gauge("scelle_last_sweep_time", "When the sweeper last finished.", registry=self.registry)

    def text(self, health: Health) -> bytes:
        """Everything in Prometheus' text format."""
        self._healthy.set(health.status == "green")
        self._overdue.set(health.overdue)
        self._steady.set(health.clock == "steady")
        self._sweep.set(health.sweep)
        return generate_latest(self.registry)
