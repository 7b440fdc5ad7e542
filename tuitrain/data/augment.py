"""Augmentation: images are changed at random each time they are trained on, so that a network learns what matters."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from tuitrain.spec import Problem, Spec

PATH = ("data", "augment")


class Augment(Spec):
    """Flip, shift, rotation and noise, in this order, of standardised images; where an image ends it goes on with 0."""

    # Left out of what is written: there is one kind only.
    type: Literal["images"] = Field(default="images", exclude=True)
    crop: int = Field(
        0,
        ge=0,
        le=256,
        description="Pad every side with so many pixels, then cut the old size out at random; 0 is off.",
    )
    flip: bool = Field(False, description="Mirror every other image, chosen at random, left to right.")
    rotate: float = Field(
        0.0, ge=0, le=180, description="Rotate by a random angle of at most so many degrees to either side; 0 is off."
    )
    noise: float = Field(
        0.0,
        ge=0,
        le=10,
        description="Standard deviation of Gaussian noise on every value, in units of standardised inputs; 0 is off.",
    )

    @property
    def is_on(self) -> bool:
        return bool(self.crop or self.flip or self.rotate or self.noise)

    def problems(self, shape: tuple[int, ...]) -> tuple[Problem, ...]:
        """Why samples of this shape cannot be augmented; paths begin with ``data``."""
        if not self.is_on:
            return ()
        if len(shape) != 3:
            words = " x ".join(map(str, shape))
            return (Problem(PATH, f"needs images (channels, height, width), and a sample here is {words}; remove it"),)
        most = min(shape[1:]) - 1
        if self.crop > most:
            return (
                Problem((*PATH, "crop"), f"must be less than the height and width, at most {most}, got {self.crop}"),
            )
        return ()


def _table(value: object) -> object:
    return {"type": value} if isinstance(value, str) else value


OptionalAugment = Annotated[Augment | None, BeforeValidator(_table)]
"""The bare name of the one kind stands for a table too, as it does in a family."""
