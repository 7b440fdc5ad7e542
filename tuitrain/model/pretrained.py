"""Backbones of torchvision: networks that were trained on ImageNet, as one layer that makes features of an image."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Self

from pydantic import Field

from tuitrain.model.base import ImpossibleLayer, LayerSpec, Shape, image_shape

if TYPE_CHECKING:
    from torch import nn

WORDS = ("none", "download")
"""What stands for weights and is no path."""

STRIDE = 32
"""Pixels of the input a side for each of the last map's, in every backbone here."""


@dataclass(frozen=True)
class BackboneFacts:
    """What a backbone is without ``head``, the path of its last module; ``batch_norm``: whether it has any."""

    features: int
    parameters: int
    head: str
    batch_norm: bool = True


FACTS: dict[str, BackboneFacts] = {
    "resnet18": BackboneFacts(512, 11_176_512, "fc"),
    "resnet34": BackboneFacts(512, 21_284_672, "fc"),
    "resnet50": BackboneFacts(2048, 23_508_032, "fc"),
    "mobilenet_v2": BackboneFacts(1280, 2_223_872, "classifier"),
    "mobilenet_v3_small": BackboneFacts(576, 927_008, "classifier"),
    "mobilenet_v3_large": BackboneFacts(960, 2_971_952, "classifier"),
    "efficientnet_b0": BackboneFacts(1280, 4_007_548, "classifier"),
    "convnext_tiny": BackboneFacts(768, 27_820_128, "classifier.2", batch_norm=False),
}

if TYPE_CHECKING:
    BackboneName = str
else:
    BackboneName = Literal[tuple(FACTS)]


class Pretrained(LayerSpec):
    """A backbone of torchvision without its head: features of an image, each averaged over all places.

    An image of one channel is taken for grey, and any image is resized to a square, bilinear and antialiased, without
    regard to its proportions. Random weights are drawn as torchvision draws them. He et al. 2015 (resnet), Sandler et
    al. 2018 and Howard et al. 2019 (mobilenet), Tan and Le 2019 (efficientnet), Liu et al. 2022 (convnext; the norm
    behind its average belongs to the features).
    """

    type: Literal["pretrained"] = "pretrained"
    backbone: BackboneName = Field("resnet18", description="Which network, by its name in torchvision.")
    weights: str = Field(
        "none",
        min_length=1,
        max_length=4096,
        description="none for random ones; download for torchvision's IMAGENET1K_V1; or the path of a state_dict of "
        "torchvision's; a relative path starts where tuitrain was started.",
    )
    size: int = Field(
        224,
        ge=STRIDE,
        le=1024,
        description="Pixels a side of the resized image; the weights are for 224, 64 is far quicker.",
    )
    normalize: bool = Field(
        True,
        description="Bring inputs from 0 to 1 to ImageNet's mean and deviation: take data.standardize = scale with it. "
        "Off with global and per_pixel, which have done so.",
    )

    def output_shape(self, shape: Shape) -> Shape:
        channels, height, width = image_shape(shape)
        if channels not in (1, 3):
            raise ImpossibleLayer(f"needs an image of 1 or 3 channels, got one of {channels} ({height}×{width})")
        return (self._facts.features,)

    def parameters(self, shape: Shape) -> int:
        return self._facts.parameters

    def with_absolute_paths(self) -> Self:
        if self.weights in WORDS:
            return self
        return self.model_copy(update={"weights": os.path.abspath(os.path.expanduser(self.weights))})

    def untrained(self) -> Self:
        return self.model_copy(update={"weights": "none"})

    def needs_two_samples(self, shape: Shape) -> bool:
        return self._facts.batch_norm and self.size <= STRIDE

    def build(self, shape: Shape) -> tuple[nn.Module, ...]:
        from tuitrain.model.backbone import Backbone, headless, load_weights

        body = headless(self.backbone, self._facts.head)
        if self.weights != "none":
            load_weights(body, self.backbone, self._facts.head, self.weights)
        return (Backbone(body, self.size, normalize=self.normalize),)

    @property
    def _facts(self) -> BackboneFacts:
        return FACTS[self.backbone]
