"""Axes that stand still: limits are round numbers and change only when a value leaves them."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

Limits = tuple[float, float]

_FINE = (1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0)
_COARSE = (1.0, 2.0, 5.0, 10.0)
_FLOORS = (0.95, 0.9, 0.8, 0.5)
_SMALLEST, _LARGEST = 1e-300, 1e300


@dataclass(frozen=True)
class Tick:
    at: float
    label: str


@dataclass(frozen=True)
class Axis:
    """From ``low`` to ``high``, both in the unit of the data; ``name`` is written beside the ticks."""

    low: float
    high: float
    ticks: tuple[Tick, ...] = ()
    name: str = ""
    logarithmic: bool = False

    def share(self, value: float) -> float:
        """Where a value lies: 0 at ``low``, 1 at ``high``, and never beyond."""
        return self.shares((value,))[0]

    def shares(self, values: Sequence[float]) -> list[float]:
        """`share` of each value, without a call for each: a curve has a thousand."""
        low, high = self.low, self.high
        if self.logarithmic:
            low, high = math.log10(max(low, _SMALLEST)), math.log10(max(high, _SMALLEST))
            values = [math.log10(value if value > _SMALLEST else _SMALLEST) for value in values]
        places = [(value - low) / (high - low) for value in values]
        return [0.0 if place < 0.0 else 1.0 if place > 1.0 else place for place in places]


def x_limit(position: float, planned: float | None = None) -> float:
    """The right end of an x axis: 1, 2, 5, 10, ... (times a power of ten), at most what is planned.

    It starts at about a hundredth of the plan, so that a curve reflows seldom and has room to grow.
    """
    if not planned:
        return _round_up(max(position, 1.0), _COARSE)
    limit = _round_up(max(position, planned / 100), _COARSE)
    return min(limit, planned) if position <= planned else limit


def y_limits(previous: Limits | None, low: float, high: float) -> Limits:
    """Linear limits around ``low`` to ``high``: 0 (or a round negative number) to a round number."""
    below, above = previous or (0.0, 0.0)
    if low < below:
        below = -_round_up(-low, _FINE)
    if high > above:
        above = _round_up(high, _FINE)
    return (below, above) if above > below else (below, below + 1.0)


def share_limits(previous: Limits | None, low: float) -> Limits:
    """A round lower limit to 1; it is above 0 only where the curve has been above it from the beginning."""
    if previous and low >= previous[0]:
        return previous
    return next((floor for floor in _FLOORS if low >= floor), 0.0), 1.0


def log_limits(previous: Limits | None, low: float, high: float) -> Limits:
    """Whole decades around ``low`` to ``high`` (both > 0), at least one, and never narrower than before."""
    bottom, top = _clip(low), _clip(high)
    lowest, highest = math.floor(math.log10(bottom) + 1e-9), math.ceil(math.log10(top) - 1e-9)
    below, above = 10.0**lowest, 10.0 ** max(highest, lowest + 1)
    return (min(below, previous[0]), max(above, previous[1])) if previous else (below, above)


def symmetric_limit(previous: float | None, values: Iterable[float]) -> float:
    """A round number that no finite value exceeds in size; it shrinks only once all are within a quarter of it."""
    largest = max((abs(value) for value in values if math.isfinite(value)), default=0.0)
    if largest == 0 or (previous and previous / 4 <= largest <= previous):
        return previous or 1.0
    return _round_up(largest, _FINE)


def ticks(low: float, high: float, count: int) -> tuple[Tick, ...]:
    """At most ``count`` ticks (two at least) at multiples of 1, 2 or 5 times a power of ten.

    There are two wherever the axis begins at 0: a single label would tell nothing of the scale. None are beyond 1e300.
    """
    low, high = max(low, -_LARGEST), min(high, _LARGEST)
    step = _round_up((high - low) / max(count - 1, 1), _COARSE)
    marks = _multiples(step, low, high)
    return marks if len(marks) > 1 else _multiples(_round_up(step / 2.5, _COARSE), low, high)[: max(count, 2)]


def _multiples(step: float, low: float, high: float) -> tuple[Tick, ...]:
    """A multiple that rounding puts beyond a limit stands at the limit."""
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return tuple(Tick(min(max(index * step, low), high), label(index * step)) for index in range(first, last + 1))


def log_ticks(low: float, high: float, count: int) -> tuple[Tick, ...]:
    """At most ``count`` ticks (one at least) at powers of ten."""
    first, last = math.ceil(math.log10(low) - 1e-9), math.floor(math.log10(high) + 1e-9)
    every = math.ceil((last - first + 1) / max(count, 1))
    powers = range(first, last + 1, every)
    return tuple(Tick(10.0**power, f"1e{power}" if power < -1 else label(10.0**power)) for power in powers)


def label(value: float) -> str:
    """A number in few characters: 0.5, 1e-3, 10k, 2M."""
    size = abs(value)
    if size == 0:
        return "0"
    if 0.01 <= size < 1e4:
        return f"{value:.6g}"
    if 1e4 <= size < 1e9:
        return f"{value / 1e6:.6g}M" if size >= 1e6 else f"{value / 1e3:.6g}k"
    mantissa, exponent = f"{value:.5e}".split("e")
    return f"{float(mantissa):g}e{int(exponent)}"


def _clip(value: float) -> float:
    return min(max(value, _SMALLEST), _LARGEST)


def _round_up(value: float, numbers: tuple[float, ...]) -> float:
    """The smallest of ``numbers`` times a power of ten that is not below a value > 0."""
    value = _clip(value)
    power = math.floor(math.log10(value))
    scaled = value / 10.0**power
    number = next((one for one in numbers if one >= scaled * (1 - 1e-12)), numbers[-1])
    # Division by a power of ten that is exact gives 0.3, multiplication by 0.1 gives 0.30000000000000004.
    return number * 10.0**power if power >= 0 else number / 10.0**-power
