"""What the log pane says of an event: one plain sentence, or nothing."""

from tuitrain.metrics import Pass, said
from tuitrain.printable import printable
from tuitrain.runs import events as e
from tuitrain.runs.bounds import LONGEST_TEXT
from tuitrain.runs.liveness import ago
from tuitrain.runs.snapshot import LogLine, Snapshot
from tuitrain.runs.values import shorten

_LEVELS: dict[e.Status, e.Level] = {"finished": "info", "stopped": "info", "failed": "error", "diverged": "error"}


def log_line(event: e.Event) -> LogLine | None:
    """The line for ``event``, None for those that are drawn instead (windows, layers, heartbeats)."""
    said = _say(event)
    if said is None:
        return None
    level, text = said
    return LogLine(event.at, level, shorten(text, LONGEST_TEXT))


def _say(event: e.Event) -> tuple[e.Level, str] | None:
    match event:
        case e.LogEmitted(level=level, text=text):
            return level, text
        case e.RunStarted(device=device, epochs=epochs, total_steps=steps, parameters=parameters):
            return "info", f"started on {device}: {epochs:,} epochs, {steps:,} steps, {parameters:,} parameters"
        case e.RunContinued(from_step=step):
            return "info", f"continued from step {step:,}"
        case e.EpochCompleted(epoch=epoch, train=train, validation=validation):
            values = [f"{value:.3g}" for _, value in said("validation", validation or {})]
            checked = f", validation {', '.join(values)}" if values else ""
            return "info", f"epoch {epoch:,}: {_figures('train', train)}{checked}"
        case e.ValidationCompleted(step=step, figures=figures):
            return "info", f"validation at step {step:,}: {_figures('validation', figures)}"
        case e.LearningRateChanged(step=step, lr=lr, factor=factor):
            return "info", f"learning rate {lr:.4g} from step {step:,}, {factor:.4g} times the planned rate"
        case e.LayersFrozen(step=step, layers=layers):
            return "info", f"froze {', '.join(layers)} at step {step:,}"
        case e.LayersUnfrozen(step=step, layers=layers):
            return "info", f"unfroze {', '.join(layers)} at step {step:,}"
        case e.CheckpointSaved(step=step, path=path, why=why):
            return "info", f"saved {path} at step {step:,}: {why}"
        case e.CallbackFired(step=step, callback=callback, why=why):
            return "info", f"{callback} at step {step:,}: {why}"
        case e.CommandRefused(why=why):
            return "warning", f"refused: {why}"
        case e.RunPaused(step=step):
            return "info", f"paused at step {step:,}"
        case e.RunResumed(step=step):
            return "info", f"resumed at step {step:,}"
        case e.RunFinished(status=status, step=step, reason=reason):
            return _LEVELS[status], f"{status} at step {step:,}: {reason}"
        case _:
            return None


def state_words(snapshot: Snapshot) -> str:
    """``running``, ``running on HOST, last heard of 12 s ago``, ``lost (trainer gone), last heard of 3 days ago``."""
    words = "lost (trainer gone)" if snapshot.state == "lost" else snapshot.state
    where = f" on {printable(snapshot.host)}" if snapshot.host else ""
    return f"{words}{where}{f', {ago(snapshot.silence)}' if snapshot.silence else ''}"


def decimals(value: float) -> str:
    """A figure for a column of figures; one of a training that diverges would tear it apart."""
    return f"{value:.4f}" if abs(value) < 1e5 else f"{value:.3g}"


def _figures(part: Pass, figures: e.Figures) -> str:
    return ", ".join(f"{name} {value:.3g}" for name, value in said(part, figures))
