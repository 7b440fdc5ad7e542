"""SettingsPane: everything of an experiment that is not the model."""

from __future__ import annotations

from rich.text import Text

from tuitrain.experiment.experiment import Experiment
from tuitrain.model.base import show_shape
from tuitrain.spec import Path, Spec, summary
from tuitrain.tui.panes.rows import Row, RowsPane
from tuitrain.tui.strips import fit

NAME_WIDTH = 10


class SettingsPane(RowsPane):
    """A row or more per section: data, training, loss, optimizer, schedule, observation."""

    HELP = """\
# Settings

What the network learns from and how.

- *Data*: the samples, how they are rescaled, and what is kept for validation.
- *Training*: epochs (how often all samples are seen), the batch size (samples per step), the seed.
- *Loss*: what training makes small.
- *Optimizer* and *schedule*: how the gradient changes the weights, and how fast, over time.
- *Observe*: how often the layers are looked at.

`enter` opens the form of a section; each field shows its limits and what it means. A change is for the next run;
the learning rate of the run that is on can be changed with F7.
"""

    def on_mount(self) -> None:
        self.border_title = "Settings"

    def rows(self, experiment: Experiment, width: int) -> tuple[Row, ...]:
        return tuple(
            row
            for name, lines, path in (
                ("data", _data(experiment), ("data",)),
                ("training", _training(experiment), ()),
                ("loss", [summary(experiment.loss)], ("loss",)),
                ("optimizer", [_optimizer(experiment)], ("optimizer",)),
                ("schedule", [summary(experiment.schedule)], ("schedule",)),
                ("observe", [_observe(experiment.observe.every)], ("observe",)),
            )
            for row in _section(name, lines, path, width)
        )


def _section(name: str, lines: list[str], path: Path, width: int) -> list[Row]:
    text = Text(no_wrap=True)
    for index, line in enumerate(lines):
        text.append("\n" if index else "")
        text.append(fit("" if index else name, NAME_WIDTH), style="dim")
        text.append(fit(line, max(width - NAME_WIDTH, 4)))
    return [Row(text, path)]


def _data(experiment: Experiment) -> list[str]:
    data, facts = experiment.data, experiment.data.facts()
    classes = f", {facts.classes} classes" if facts.classes else ""
    limit = f", {data.limit:,} samples" if data.limit else ""
    return [
        f"{data.type}: {show_shape(facts.shape)}{classes}{limit}",
        f"standardize {data.standardize}",
        f"validation {_validation(data.validation)}",
    ]


def _validation(validation: Spec) -> str:
    size, take = getattr(validation, "size", None), getattr(validation, "take", "")
    if size is None:
        return summary(validation)
    return f"{take} {size:.0%}" if isinstance(size, float) else f"{take} {size:,}"


def _training(experiment: Experiment) -> list[str]:
    epochs = "1 epoch" if experiment.epochs == 1 else f"{experiment.epochs} epochs"
    return [f"{epochs}, batch {experiment.batch_size}, seed {experiment.seed}"]


def _observe(every: int | str) -> str:
    if isinstance(every, int):
        return "every step" if every == 1 else f"every {every:,} steps"
    return "once an epoch" if every == "epoch" else "auto: about once a second"


def _optimizer(experiment: Experiment) -> str:
    optimizer = experiment.optimizer
    rest = summary(optimizer.model_copy(update={"lr": type(optimizer).model_fields["lr"].default}))
    kind, _, changed = rest.partition(" ")
    return f"{kind} lr={optimizer.lr:g} {changed}".strip()
