"""What the user should know of the samples that are trained and validated on, in plain sentences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

SHOWN = 5
"""How many classes are named."""
MOST_OF_ONE = 0.9
"""A class with a larger share of the training part is mentioned."""
_ORDERS = 10.0
"""Targets are of the order of 1 where neither their spread nor their mean is more than so many times 1."""


def of_classes(names: Sequence[str], whole: Tensor, train: Tensor, validation: Tensor | None) -> Iterator[str]:
    """Where a part lacks classes, or has them in quite another proportion than all samples have.

    Args:
        names: of all classes.
        whole: the classes (N,) of all samples from which the parts were taken.
    """
    every = whole.bincount(minlength=len(names)).tolist()
    for what, labels in (("training", train), ("validation", validation)):
        if labels is None:
            continue
        counts = labels.bincount(minlength=len(names)).tolist()
        if absent := [name for name, count in zip(names, counts, strict=True) if not count]:
            yield f"the {what} part has no samples of {_listed(absent, len(names))}: {_counted(names, counts)}"
        elif _is_out_of_proportion(counts, every):
            yield (
                f"the {what} part is out of proportion: {_counted(names, counts)}; "
                f"of all samples {_counted(names, every)}"
            )
    trained = train.bincount(minlength=len(names)).tolist()
    if all(trained) and max(trained) > MOST_OF_ONE * sum(trained):
        share, name = max(trained) / sum(trained), names[trained.index(max(trained))]
        yield (
            f"{share:.1%} of the training part are of the class {name!r}: an accuracy of {share:.3f} is had by "
            "always saying that"
        )


def of_numbers(targets: Tensor) -> Iterator[str]:
    """Where the numbers that are to be predicted are far from the order of 1, for which rates and losses are meant."""
    exact = targets.double()
    mean, spread = exact.mean().item(), exact.std(correction=0).item()
    if spread > _ORDERS or abs(mean) > _ORDERS or 0 < spread < 1 / _ORDERS**2:
        yield (
            f"the targets go from {exact.min().item():.4g} to {exact.max().item():.4g} (mean {mean:.4g}, standard "
            f"deviation {spread:.4g}) and are trained on as they are: training is slow or diverges where they are far "
            "from the order of 1; rescale them in the file, or take a smaller optimizer.lr and more epochs"
        )


def _is_out_of_proportion(counts: Sequence[int], every: Sequence[int]) -> bool:
    """Whether a class is there twice as often, or half as often, as expected, and chance does not explain it."""
    share = sum(counts) / sum(every)
    for count, among_all in zip(counts, every, strict=True):
        expected = share * among_all
        is_far = count > 2 * expected or 2 * count < expected
        if is_far and abs(count - expected) > 5 * max(expected, 1.0) ** 0.5:
            return True
    return False


def _listed(absent: Sequence[str], classes: int) -> str:
    named = ", ".join(map(repr, absent[:SHOWN]))
    more = f" and {len(absent) - SHOWN:,} more" if len(absent) > SHOWN else ""
    return f"{named}{more} ({len(absent):,} of {classes:,} classes)"


def _counted(names: Sequence[str], counts: Sequence[int]) -> str:
    """The largest classes first."""
    ordered = sorted(zip(counts, names, strict=True), key=lambda one: -one[0])
    named = ", ".join(f"{name} {count:,}" for count, name in ordered[:SHOWN] if count)
    return f"{named}, ..." if sum(map(bool, counts)) > SHOWN else named
