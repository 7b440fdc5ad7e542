"""Data sets that are computed from the seed."""

from __future__ import annotations

import math
from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from tuitrain.data.base import DataSpec, Facts, Samples
from tuitrain.data.seeds import generator


class Spirals(DataSpec):
    """Points in the plane on arms that wind around each other: no straight line parts the classes.

    With t = sqrt(u), u drawn evenly from 0 .. 1, arm c has (t cos a, t sin a) at the angle
    a = 2 pi (turns t + c / classes); to both coordinates noise N(0, noise^2) is added.
    """

    type: Literal["spirals"] = "spirals"
    samples: Annotated[int, Field(ge=20, le=1_000_000)] = Field(
        default=2000, description="Points on all arms together."
    )
    classes: Annotated[int, Field(ge=2, le=20)] = Field(default=2, description="Arms; every arm is a class.")
    turns: Annotated[float, Field(gt=0, le=10)] = Field(
        default=1.5, description="How often an arm winds around the centre; more is harder."
    )
    noise: Annotated[float, Field(ge=0, le=1)] = Field(
        default=0.03,
        description="Standard deviation of the noise on each coordinate; an arm ends 1 away from the centre.",
    )

    def facts(self) -> Facts:
        return Facts(shape=(2,), classes=self.classes, train=self.samples)

    def where(self) -> str | None:
        return "computed"

    def read(self, seed: int) -> Samples:
        import torch

        source = generator(seed, "spirals")
        # Arms take turns, so that the first or last samples are a fair part as well.
        y = torch.arange(self.samples) % self.classes
        t = torch.rand(self.samples, generator=source).sqrt()
        angle = 2 * math.pi * (self.turns * t + y / self.classes)
        points = torch.stack((t * angle.cos(), t * angle.sin()), dim=1)
        return Samples(points + self.noise * torch.randn(points.shape, generator=source), y)


Generated: TypeAlias = Spirals
