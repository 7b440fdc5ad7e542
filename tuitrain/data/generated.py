"""Data sets that are computed from the seed."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from tuitrain.data.base import Data, DataFacts, Part
from tuitrain.data.seeds import generator

if TYPE_CHECKING:
    from torch import Generator, Tensor


class Computed(Data):
    """Samples that follow a formula."""

    samples: Annotated[int, Field(ge=20, le=1_000_000)] = Field(default=2000, description="Points in all.")

    def where(self) -> str | None:
        return "computed"


class Planar(Computed):
    """Points in the plane, of several classes, with noise N(0, noise^2) added to both coordinates."""

    noise: Annotated[float, Field(ge=0, le=1)]

    @property
    def class_total(self) -> int:
        """How many classes there are."""
        return 2

    def whole(self) -> DataFacts:
        return DataFacts(shape=(2,), classes=self.class_total, train=self.samples)

    def class_counts(self) -> tuple[int, ...] | None:
        return tuple(len(range(first, self.samples, self.class_total)) for first in range(self.class_total))

    def read(self, seed: int) -> Part:
        import torch

        source = generator(seed, self.type)
        # Classes take turns, so that the first or last samples are a fair part as well.
        y = torch.arange(self.samples) % self.class_total
        points = torch.stack(self.points(y, source), dim=1)
        return Part(points + self.noise * torch.randn(points.shape, generator=source), y)

    def points(self, y: Tensor, source: Generator) -> tuple[Tensor, Tensor]:
        """The coordinates of a point without noise for each class in y, all (N,)."""
        raise NotImplementedError


class Spirals(Planar):
    """Points in the plane on arms that wind around each other: no straight line parts the classes.

    With t = sqrt(u), u drawn evenly from 0 .. 1, arm c has (t cos a, t sin a) at the angle
    a = 2 pi (turns t + c / classes); to both coordinates noise N(0, noise^2) is added.
    """

    type: Literal["spirals"] = "spirals"
    classes: Annotated[int, Field(ge=2, le=20)] = Field(default=2, description="Arms; every arm is a class.")
    turns: Annotated[float, Field(gt=0, le=10)] = Field(
        default=1.5, description="How often an arm winds around the centre; more is harder."
    )
    noise: Annotated[float, Field(ge=0, le=1)] = Field(
        default=0.03,
        description="Standard deviation of the noise on each coordinate; an arm ends 1 away from the centre.",
    )

    @property
    def class_total(self) -> int:
        return self.classes

    def points(self, y: Tensor, source: Generator) -> tuple[Tensor, Tensor]:
        import torch

        t = torch.rand(len(y), generator=source).sqrt()
        angle = 2 * math.pi * (self.turns * t + y / self.classes)
        return t * angle.cos(), t * angle.sin()


class Moons(Planar):
    """Points in the plane on two half circles that reach into each other.

    With t drawn evenly from 0 .. pi, class 0 has (cos t, sin t) and class 1 has (1 - cos t, 1/2 - sin t), as
    scikit-learn's make_moons; to both coordinates noise N(0, noise^2) is added.
    """

    type: Literal["moons"] = "moons"
    noise: Annotated[float, Field(ge=0, le=1)] = Field(
        default=0.1, description="Standard deviation of the noise on each coordinate; a moon has the radius 1."
    )

    def points(self, y: Tensor, source: Generator) -> tuple[Tensor, Tensor]:
        import torch

        t = math.pi * torch.rand(len(y), generator=source)
        # Class 1 is class 0 turned by half a circle around (1/2, 1/4).
        turned = 1 - 2 * y
        return y + turned * t.cos(), y / 2 + turned * t.sin()


class Circles(Planar):
    """Points in the plane on a circle, class 0, and on a smaller one within it, class 1.

    With t drawn evenly from 0 .. 2 pi: r (cos t, sin t), where r is 1 for class 0 and ``factor`` for class 1, as
    scikit-learn's make_circles (whose factor is 0.8); to both coordinates noise N(0, noise^2) is added.
    """

    type: Literal["circles"] = "circles"
    factor: Annotated[float, Field(gt=0, lt=1)] = Field(
        default=0.5, description="Radius of the inner circle; the outer one has 1. Closer to 1 is harder."
    )
    noise: Annotated[float, Field(ge=0, le=1)] = Field(
        default=0.1, description="Standard deviation of the noise on each coordinate; the outer circle has radius 1."
    )

    def points(self, y: Tensor, source: Generator) -> tuple[Tensor, Tensor]:
        import torch

        t = 2 * math.pi * torch.rand(len(y), generator=source)
        radius = 1 + (self.factor - 1) * y
        return radius * t.cos(), radius * t.sin()


class Xor(Planar):
    """Points in a square whose class is whether the signs of their coordinates differ: no straight line parts them.

    Both coordinates are drawn evenly from -1 .. 1; class 1 where x1 x2 < 0, class 0 where x1 x2 > 0. Then noise
    N(0, noise^2) is added to both.
    """

    type: Literal["xor"] = "xor"
    noise: Annotated[float, Field(ge=0, le=1)] = Field(
        default=0.05, description="Standard deviation of the noise on each coordinate; these go from -1 to 1."
    )

    def points(self, y: Tensor, source: Generator) -> tuple[Tensor, Tensor]:
        import torch

        # 1 - [0, 1) is never 0, which has no sign.
        sizes = 1 - torch.rand((2, len(y)), generator=source)
        sign = 1 - 2 * torch.randint(2, (len(y),), generator=source)
        return sign * sizes[0], sign * (1 - 2 * y) * sizes[1]


class Sine(Computed):
    """A regression: y = sin(x) + noise, with x drawn evenly from -pi periods .. pi periods.

    The noise is N(0, noise^2): no network can have a mean squared error below noise^2, but on what it has seen.
    """

    type: Literal["sine"] = "sine"
    periods: Annotated[float, Field(gt=0, le=10)] = Field(
        default=1.0, description="How many periods of the sine x runs through; more is harder."
    )
    noise: Annotated[float, Field(ge=0, le=1)] = Field(
        default=0.1, description="Standard deviation of the noise on y; the sine goes from -1 to 1."
    )

    def whole(self) -> DataFacts:
        return DataFacts(shape=(1,), classes=None, train=self.samples)

    def read(self, seed: int) -> Part:
        import torch

        source = generator(seed, self.type)
        x = math.pi * self.periods * (2 * torch.rand((self.samples, 1), generator=source) - 1)
        y = x.sin().flatten()
        return Part(x, y + self.noise * torch.randn(y.shape, generator=source))
