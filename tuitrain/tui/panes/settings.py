"""SettingsPane: everything of an experiment that is not the model."""

from rich.text import Text

from tuitrain.data.base import Data, DataFacts
from tuitrain.experiment.experiment import Experiment, Training
from tuitrain.spec import Path, Spec, summary
from tuitrain.tui.editor import Draft
from tuitrain.tui.extras import additions, present
from tuitrain.tui.fitting import fit
from tuitrain.tui.panes.rows import Row, RowsPane

NAME_WIDTH = 10

ADD_ROW: Path = ("add",)
"""Stands for no part of an experiment: the row that adds one."""


class SettingsPane(RowsPane):
    """A row or more per section: data, training, loss, optimizer, schedule, observation, and the extras there are."""

    BORDER_TITLE = "Settings"
    HELP = """\
# Settings

What the network learns from and how.

- *Data*: the samples, how they are rescaled, and what is kept for validation.
- *Training*: epochs (how often all samples are seen), the batch size (samples per step), the seed.
- *Loss*: what training makes small.
- *Optimizer* and *schedule*: how the gradient changes the weights, and how fast, over time.
- *Observe*: how often the layers are looked at.

What is off has no row of its own. `a` adds it: *clipping* of large gradients, *callbacks* such as early stopping,
to *freeze* layers for some epochs, to *transfer* the weights of another run. `d` takes it out again.

`enter` opens the form of a section; each field shows its limits and what it means. A change is for the next run;
the learning rate of the run that is on can be changed with F7.
"""

    def rows(self, draft: Draft, width: int) -> tuple[Row, ...]:
        experiment = draft.experiment
        sections: list[tuple[str, list[str], Path]] = [
            ("data", _data(experiment.data, draft.examination.facts), ("data",)),
            ("training", _training(experiment), ()),
            ("loss", [summary(experiment.loss)], ("loss",)),
            ("optimizer", [_optimizer(experiment)], ("optimizer",)),
            ("schedule", [*experiment.schedule.in_words(experiment.optimizer.lr)], ("schedule",)),
            ("observe", [_observe(experiment.observe.every)], ("observe",)),
        ]
        for path, spec in present(experiment):
            is_first = path[-1] in (path[0], 0)
            sections.append((str(path[0]) if is_first else "", [_extra(spec)], path))
        return (*(_row(name, lines, path, width) for name, lines, path in sections), _add_row(experiment, width))


def _row(name: str, lines: list[str], path: Path, width: int) -> Row:
    text = Text(no_wrap=True)
    for index, line in enumerate(lines):
        text.append("\n" if index else "")
        text.append(fit("" if index else name, NAME_WIDTH), style="dim")
        text.append(fit(line, max(width - NAME_WIDTH, 4)))
    return Row(text, path)


def _add_row(experiment: Experiment, width: int) -> Row:
    """Names what is off; of a list there can always be one more."""
    names = dict.fromkeys(str(one.path[0]) for one in additions(experiment))
    return Row(Text(fit(f"+ {' '.join(names)}", width), style="dim", no_wrap=True), ADD_ROW)


def _data(data: Data, facts: DataFacts) -> list[str]:
    task = f"{facts.classes} classes" if facts.classes else "regression"
    rest = _besides(data, "standardize", "validation")
    return [
        f"{data.type}: {task}" if facts.shape else data.type,
        *([rest] if rest else []),
        f"standardize {data.standardization}{' (auto)' if data.standardize == 'auto' else ''}",
        f"validation {_validation(data.validation)}",
    ]


def _validation(validation: Spec) -> str:
    size, take = getattr(validation, "size", None), getattr(validation, "take", "")
    if size is None:
        return summary(validation)
    return f"{take} {size:.0%}" if isinstance(size, float) else f"{take} {size:,}"


def _training(training: Training) -> list[str]:
    epochs = "1 epoch" if training.epochs == 1 else f"{training.epochs:,} epochs"
    line = f"{epochs}, batch {training.batch_size}, seed {training.seed}"
    every = training.validate_every
    return [line] if every == "epoch" else [line, f"validated every {_times(every, 'step')}"]


def _observe(every: int | str) -> str:
    if isinstance(every, int):
        return f"every {_times(every, 'step')}"
    return "once an epoch" if every == "epoch" else "auto: about once a second"


def _optimizer(experiment: Experiment) -> str:
    optimizer = experiment.optimizer
    return f"{optimizer.type} lr={optimizer.lr:g} {_besides(optimizer, 'lr')}".strip()


def _extra(spec: Spec) -> str:
    """One without a type by all its values, for it has no other name."""
    if "type" in type(spec).model_fields:
        return summary(spec)
    return " ".join(f"{name}={summary(value)}" for name, value in spec if value is not None)


def _besides(spec: Spec, *told: str) -> str:
    """What differs from the defaults, but for the fields that were told already."""
    defaults = {name: type(spec).model_fields[name].default for name in told}
    return summary(spec.model_copy(update=defaults)).partition(" ")[2]


def _times(count: int, unit: str) -> str:
    return unit if count == 1 else f"{count:,} {unit}s"
