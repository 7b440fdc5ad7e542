"""torchvision's networks, and their weights. It imports torch: `Pretrained` imports it inside ``build`` only."""

import http.client
import logging
import os
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional
from torchvision import models

from tuitrain.connection import answers, bounded
from tuitrain.model.base import show_shape
from tuitrain.spec import Invalid, Problem

MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""ImageNet's, of red, green and blue from 0 to 1."""

PIXELS_AT_ONCE = 2**21
"""In evaluation, where thousands of images come at once and need memory for some twenty numbers a pixel."""

log = logging.getLogger(__name__)


class Backbone(nn.Module):
    """``body`` on images (batch, 1 or 3, height, width), made square with ``size`` pixels a side: (batch, features)."""

    mean: Tensor
    deviation: Tensor

    def __init__(self, body: nn.Module, size: int, *, normalize: bool) -> None:
        super().__init__()
        self.body = body
        self.size = size
        self.normalize = normalize
        self.register_buffer("mean", torch.tensor(MEAN).view(3, 1, 1), persistent=False)
        self.register_buffer("deviation", torch.tensor(DEVIATION).view(3, 1, 1), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        if self.training or torch.is_grad_enabled():
            return self._features(x)
        at_once = max(1, PIXELS_AT_ONCE // self.size**2)
        return torch.cat([self._features(part) for part in x.split(at_once)])

    def _features(self, x: Tensor) -> Tensor:
        height, width = x.shape[-2:]
        if (height, width) != (self.size, self.size):
            # Where it shrinks neither side antialias changes nothing, and Apple's GPU has no gradient for it.
            antialias = max(height, width) > self.size
            x = functional.interpolate(x, (self.size, self.size), mode="bilinear", antialias=antialias)
        x = x.expand(-1, 3, -1, -1)
        features: Tensor = self.body((x - self.mean) / self.deviation if self.normalize else x)
        return features


def headless(name: str, head: str) -> nn.Module:
    """torchvision's network of that name, with random weights; its module ``head`` passes on what it gets."""
    body: nn.Module = models.get_model(name, weights=None)
    body.set_submodule(head, nn.Identity())
    return body


def load_weights(body: nn.Module, name: str, head: str, weights: str) -> None:
    """Fill the body with those of a file, or with ``download`` those of torchvision.

    Raises:
        Invalid: if they are not to be had, or do not fit.
    """
    path = _downloaded(name) if weights == "download" else Path(os.path.expanduser(weights)).absolute()
    state = {key: tensor for key, tensor in _read(path).items() if not key.startswith(f"{head}.")}
    own = body.state_dict()
    odd = [
        f"{key} is {show_shape(tuple(state[key].shape))} and must be {show_shape(tuple(tensor.shape))}"
        for key, tensor in own.items()
        if key in state and state[key].shape != tensor.shape
    ]
    if odd:
        raise _unusable(f"{path} does not fit {name}: {_some(odd)}")
    result = body.load_state_dict(state, strict=False)
    wrong = [
        f"{verb} {_some(keys)}"
        for verb, keys in (("lacks", result.missing_keys), ("has the unknown", result.unexpected_keys))
        if keys
    ]
    if wrong:
        raise _unusable(f"{path} does not fit {name}: it {' and '.join(wrong)}")


def _read(path: Path) -> dict[str, Tensor]:
    """The tensors of a file, on the CPU; runs no code from it."""
    if not os.path.isfile(path):  # Path.is_file raises where a directory may not be entered
        raise _unusable(f"there is no file {path}; give none, download, or the path of a state_dict of torchvision's")
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except OSError as error:
        raise _unusable(f"{path} cannot be read: {error.strerror or error}") from None
    except Exception:  # of a damaged file torch can raise whatever its bytes lead to
        state = None
    if not isinstance(state, dict) or not all(isinstance(tensor, Tensor) for tensor in state.values()):
        raise _unusable(f"{path} is damaged, or not what torch.save(model.state_dict(), ...) writes: replace it")
    return state


def _downloaded(name: str) -> Path:
    """torchvision's file in torch's cache, where it is put if it is not there yet."""
    url: str = models.get_model_weights(name)["IMAGENET1K_V1"].url
    path = Path(torch.hub.get_dir(), "checkpoints", url.rpartition("/")[2])
    if os.path.isfile(path):
        return path
    try:
        if not answers(url):
            raise OSError(f"no connection to {url}")
        log.info("downloading %s into %s", url, path.parent)
        path.parent.mkdir(parents=True, exist_ok=True)
        with bounded():
            torch.hub.download_url_to_file(url, str(path), path.stem.rpartition("-")[2], progress=False)
    except (OSError, RuntimeError, http.client.HTTPException) as error:
        why = " ".join(str(error).split()) or type(error).__name__
        raise _unusable(
            f"{path.name} was not downloaded: {why}. Get it elsewhere and place it in {path.parent}, "
            "or give its path as weights"
        ) from None
    return path


def _some(words: Sequence[str]) -> str:
    """The first of them, and how many more there are."""
    return words[0] + (f" and {len(words) - 1} more" if words[1:] else "")


def _unusable(message: str) -> Invalid:
    return Invalid([Problem(("weights",), message)])
