"""Tables of figures, as Markdown: readable in a terminal and in ``docs/benchmarks.md``."""

from __future__ import annotations

from dataclasses import dataclass, field

from benchmarks import machine


@dataclass(frozen=True)
class Bar:
    """One figure against what the project promises: ``value`` must be at least (or at most) ``bar``."""

    what: str
    ours: str
    other: str
    value: float
    bar: float
    most: bool = False

    @property
    def holds(self) -> bool:
        return self.value <= self.bar if self.most else self.value >= self.bar


@dataclass(frozen=True)
class Table:
    """A caption, the names of the columns, rows of text, and when and where they were measured."""

    caption: str
    columns: list[str]
    rows: list[list[str]]
    measured: str = field(default_factory=machine.line)

    @classmethod
    def of_bars(cls, caption: str, bars: list[Bar]) -> Table:
        """Return the table that says which promises hold."""
        return cls(
            caption,
            ["what", "ours", "compared with", "figure", "bar", ""],
            [
                [
                    bar.what,
                    bar.ours,
                    bar.other,
                    f"{bar.value:.3g}",
                    f"{'at most' if bar.most else 'at least'} {bar.bar:g}",
                    "holds" if bar.holds else "MISSED",
                ]
                for bar in bars
            ],
        )

    def __str__(self) -> str:
        widths = [max(len(row[at]) for row in [self.columns, *self.rows]) for at in range(len(self.columns))]
        lines = [
            " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
            for row in self.rows
        ]
        head = " | ".join(cell.ljust(width) for cell, width in zip(self.columns, widths, strict=True))
        rule = " | ".join("-" * width for width in widths)
        return "\n".join(
            [f"### {self.caption}", "", self.measured, "", *(f"| {line} |" for line in [head, rule, *lines])]
        )
