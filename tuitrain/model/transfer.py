"""Transfer learning: a network that begins with the weights of one that was trained before."""

from pydantic import Field

from tuitrain.model.freezing import FirstLayers
from tuitrain.spec import Spec


class Transfer(Spec):
    """The first layers begin with the weights of a run, the others are drawn (Yosinski et al. 2014)."""

    source: str = Field(
        "",
        max_length=4096,
        description="What was trained before: a run; or PRESET, PRESET:VARIANT or FILE, trained first if need be.",
    )
    keep: FirstLayers = Field(
        "all_but_last",
        description="Layers to take over: the first so many with weights, or all_but_last of the source.",
    )
