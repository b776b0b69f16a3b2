"""A measured figure beside its goal, and how figures are taken."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from statistics import median
from time import perf_counter, process_time


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One line of the bench's output.

    Attributes:
        name: what was measured.
        value: in `unit`.
        unit: of the value.
        goal: upper bound, `None` where there is none.
        size: how many items the measurement had, `None` where that is no question.
    """

    name: str
    value: float
    unit: str
    goal: float | None = None
    size: int | None = None

    @property
    def met(self) -> bool:
        """Whether the goal is met."""
        return self.goal is None or self.value <= self.goal

    @property
    def verdict(self) -> str:
        """`met`, `missed`, or nothing where there is no goal."""
        if self.goal is None:
            return ""
        return "met" if self.met else "missed"

    def line(self) -> str:
        """For people."""
        goal = (
            ""
            if self.goal is None
            else f"   goal {self.goal:g} {self.unit}: {'met' if self.met else 'MISSED'}"
        )
        name = self.name if self.size is None else f"{self.name} [{self.size:,}]"
        return f"  {name:<66} {self.value:>10.2f} {self.unit}{goal}"


def growth(name: str, per_item: Sequence[tuple[int, float]], *, goal: float) -> Figure:
    """How much more one item costs in the largest measurement than in the smallest.

    Args:
        name: of what was measured.
        per_item: sizes, and the cost of one item at each.
        goal: the largest ratio that still counts as flat.
    """
    ordered = sorted(per_item)
    return Figure(
        name=f"{name}: growth per item, {ordered[0][0]:,} to {ordered[-1][0]:,}",
        value=ordered[-1][1] / ordered[0][1],
        unit="x",
        goal=goal,
    )


def medians(rounds: Iterable[dict[str, float]]) -> Iterator[tuple[str, float]]:
    """The median of each quantity over interleaved rounds."""
    taken = list(rounds)
    for name in taken[0]:
        yield name, median(one[name] for one in taken)


def percentile(values: Sequence[float], share: float) -> float:
    """The value that this share of the values does not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def micros(work: Callable[[], object], *, rounds: int = 5, loops: int = 200) -> float:
    """Median over rounds of the microseconds that one call takes."""

    def one_round() -> float:
        begun = perf_counter()
        for _ in range(loops):
            work()
        return (perf_counter() - begun) / loops * 1e6

    return median(one_round() for _ in range(rounds))


def cpu_micros(work: Callable[[], object], *, rounds: int = 7, loops: int = 200) -> float:
    """The same in CPU time of this process, which other processes do not lengthen."""

    def one_round() -> float:
        begun = process_time()
        for _ in range(loops):
            work()
        return (process_time() - begun) / loops * 1e6

    return median(one_round() for _ in range(rounds))


def millis(work: Callable[[], object], *, rounds: int = 5, loops: int = 20) -> float:
    """The same in milliseconds, for what is slower."""
    return micros(work, rounds=rounds, loops=loops) / 1000
