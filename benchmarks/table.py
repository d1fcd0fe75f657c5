"""One row of a benchmark table."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Row:
    """A measured figure: its name, value and unit, and how it stands to others of the same run."""

    name: str
    value: float
    unit: str
    ratios: dict[str, float] = field(default_factory=dict)
