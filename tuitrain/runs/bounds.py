"""What the fields of events, commands and files of a run may hold: types with bounds, checked as they are decoded.

A log can come from anywhere. What is beyond these bounds cannot be meant: such a line is unreadable as a whole,
and whoever is given an event can count, divide and format without a check. What tuitrain itself writes is within
them by far; of a text that is too long it writes both ends.
"""

from typing import Annotated

from msgspec import Meta

from tuitrain.runs.values import Rounded

MOST = 1 << 53
"""Up to here every whole number is exact as a float, too."""
MOST_LAYERS = 20_000
MOST_UNITS = 1_000
MOST_STATISTICS = 100
MOST_AXES = 32
LONGEST_TEXT = 4_000

Measured = Annotated[float, Rounded(".4g")]
"""A statistic, of four significant digits; it may be infinite or no number."""
Share = Annotated[float, Rounded(".4g"), Meta(ge=0, le=1)]
Speed = Annotated[float, Rounded(".4g"), Meta(ge=0, le=1e15)]
"""So many a second."""

Time = Annotated[float, Rounded(".3f"), Meta(ge=0, le=2.5e11)]
"""Seconds since the epoch, to the millisecond, to the year 9892: what ``time.localtime`` and four digits take."""
Duration = Annotated[float, Rounded(".3f"), Meta(ge=0, le=1e10)]
"""Seconds, to the millisecond."""
ExactDuration = Annotated[float, Meta(ge=0, le=1e10)]

Count = Annotated[int, Meta(ge=0, le=MOST)]
Positive = Annotated[int, Meta(ge=1, le=MOST)]
Step = Annotated[float, Meta(ge=-MOST, le=MOST)]
"""A place on the axis of a curve."""
Epochs = Annotated[float, Meta(ge=0, le=MOST)]
"""A number of epochs that need not be whole: 2.5 is half of the third."""

Name = Annotated[str, Meta(max_length=1_000)]
"""Of a layer, device, file, command."""
Sentences = Annotated[str, Meta(max_length=LONGEST_TEXT)]
Traceback = Annotated[str, Meta(max_length=100_000)]
