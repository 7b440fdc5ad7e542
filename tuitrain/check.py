"""``tuitrain check``: train what the expectations of presets name, and say of each whether it holds.

Every training is a ``tuitrain run`` in a process of its own, so it leaves an ordinary run directory, and none is left
behind: whatever ends the check stops its trainings, with a checkpoint, and waits for them.
"""

import asyncio
import contextlib
import json
import math
import signal
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tuitrain.errors import Refused
from tuitrain.experiment import presets
from tuitrain.experiment.expect import Expectation, Value, Verdict, parse_all
from tuitrain.runs.child import run_child
from tuitrain.runs.follow import Follower
from tuitrain.runs.outcome import Outcome
from tuitrain.spec import nearest

HELD = 0
FAILED = 1


@dataclass(frozen=True)
class Options:
    """``seeds`` and ``epochs`` stand for those of the presets where they are given; ``jobs`` run at once."""

    root: Path
    device: str = "auto"
    seeds: tuple[int, ...] = ()
    epochs: int | None = None
    jobs: int = 1
    json: bool = False


@dataclass(frozen=True)
class Job:
    """One training: a preset or file, a variant of it, None for itself, and a seed."""

    source: str
    variant: str | None
    seed: int

    def __str__(self) -> str:
        return f"{self.source}{f' {self.variant}' if self.variant else ''} seed {self.seed}"


@dataclass(frozen=True)
class LessonCheck:
    """The expectations of one preset or file for one seed."""

    source: str
    seed: int
    expectations: tuple[Expectation, ...]

    @property
    def jobs(self) -> tuple[Job, ...]:
        """What is to be trained, each variant once."""
        return tuple(dict.fromkeys(job for expectation in self.expectations for job in self.jobs_of(expectation)))

    def jobs_of(self, expectation: Expectation) -> tuple[Job, ...]:
        """The trainings that an expectation names."""
        named = dict.fromkeys(quantity.variant for quantity in expectation.quantities)
        return tuple(Job(self.source, variant, self.seed) for variant in named)


def check(sources: Iterable[str], options: Options) -> int:
    """Train and print a line for every expectation and seed. Returns the exit status.

    Raises:
        Refused: if a preset, its expectations, or one of the trainings cannot be used.
    """
    lessons = [lesson for source in dict.fromkeys(sources) for lesson in _lessons(source, options)]
    return asyncio.run(_interruptible(lessons, options))


def _lessons(source: str, options: Options) -> list[LessonCheck]:
    """A lesson a seed, all of whose trainings have a valid experiment."""
    found = presets.find(source)
    guide = found.guide
    if not guide.lesson or not guide.lesson.expect:
        raise Refused(f"{found.label}: promises nothing that could be checked; write it into lesson.expect")
    try:
        expectations = parse_all(guide.lesson.expect, found.variants)
    except Refused as error:
        raise Refused(f"{found.label}: {error}") from None
    seeds = options.seeds or (presets.load(source).seed,)
    lessons = [LessonCheck(source, seed, expectations) for seed in dict.fromkeys(seeds)]
    for job in (job for lesson in lessons for job in lesson.jobs):
        layers = [layer.name for layer in presets.load(source, job.variant, _sets(job, options)).plan()]
        for quantity in (one for expectation in expectations for one in expectation.quantities):
            if quantity.variant == job.variant and isinstance(quantity.layer, str) and quantity.layer not in layers:
                known = nearest(quantity.layer, layers)
                raise Refused(f"{found.label}: lesson.expect: {quantity}: there is no such layer; {known}")
    return lessons


def _sets(job: Job, options: Options) -> list[str]:
    """What ``--set`` of ``tuitrain run`` is given."""
    return [f"seed={job.seed}", *([f"epochs={options.epochs}"] if options.epochs is not None else [])]


async def _interruptible(lessons: Sequence[LessonCheck], options: Options) -> int:
    """The check, until a signal that is not ignored."""
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    received: list[int] = []

    def stop(number: int) -> None:
        received.append(number)
        if task:
            task.cancel()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:
            loop.add_signal_handler(number, stop, number)
    try:
        return await _check(lessons, options)
    except asyncio.CancelledError:
        _say(f"stopped by {signal.Signals(received[0]).name}; what was trained is kept in {options.root}")
        return 128 + received[0]


async def _check(lessons: Sequence[LessonCheck], options: Options) -> int:
    began = time.monotonic()
    jobs = [job for lesson in lessons for job in lesson.jobs]
    turn = asyncio.Semaphore(options.jobs)
    runs = {
        job: asyncio.create_task(_train(job, options, turn, f"[{number}/{len(jobs)}] {job}"))
        for number, job in enumerate(jobs, start=1)
    }
    waiting = set(runs.values())
    undecided = [(lesson, expectation) for lesson in lessons for expectation in lesson.expectations]
    outcomes: dict[Job, Outcome] = {}
    held: list[bool] = []
    try:
        while waiting:
            _, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            outcomes = {job: run.result() for job, run in runs.items() if run not in waiting}
            decided = [pair for pair in undecided if all(job in outcomes for job in pair[0].jobs_of(pair[1]))]
            undecided = [pair for pair in undecided if pair not in decided]
            held += [_decide(lesson, expectation, outcomes, options) for lesson, expectation in decided]
    finally:
        for run in runs.values():
            run.cancel()
        await asyncio.gather(*runs.values(), return_exceptions=True)
    failed = sum(map(_has_failed, outcomes.values()))
    summary = _summary(held, len(jobs), failed, time.monotonic() - began)
    print(summary, file=sys.stderr if options.json else sys.stdout)
    return HELD if all(held) and not failed else FAILED


def _decide(lesson: LessonCheck, expectation: Expectation, outcomes: Mapping[Job, Outcome], options: Options) -> bool:
    """Whether the expectation holds, after a line that says so."""
    of_variant = {job.variant: outcomes[job] for job in lesson.jobs_of(expectation)}
    verdict = expectation.evaluate(lambda quantity: of_variant[quantity.variant].value(quantity))
    print((_json_line if options.json else _line)(lesson, expectation, verdict), flush=True)
    return verdict.holds


async def _train(job: Job, options: Options, turn: asyncio.Semaphore, label: str) -> Outcome:
    """Train when it is this job's turn."""
    words = [job.source, "--device", options.device]
    words += ["--variant", job.variant] if job.variant else []
    words += [word for change in _sets(job, options) for word in ("--set", change)]
    async with turn:
        _say(f"{label}: trains")
        began = time.monotonic()
        run = await run_child(
            words, options.root, lambda line: _say(f"{label}: {time.monotonic() - began:.0f} s, {line}")
        )
        outcome = Follower(run).read_outcome()
        ending = f"failed: {outcome.reason}" if _has_failed(outcome) else outcome.totals["status"]
        _say(f"{label}: {ending}, {time.monotonic() - began:.1f} s, {run.name}")
    return outcome


def _has_failed(outcome: Outcome) -> bool:
    return outcome.totals["status"] in (None, "failed")


def _line(lesson: LessonCheck, expectation: Expectation, verdict: Verdict) -> str:
    word = "holds" if verdict.holds else "does not"
    detail = f"   ({verdict.detail})" if verdict.detail else ""
    return f"{word:<9}  {expectation.text}   {verdict.comparison}   {lesson.source} seed {lesson.seed}{detail}"


def _json_line(lesson: LessonCheck, expectation: Expectation, verdict: Verdict) -> str:
    return json.dumps(
        {
            "preset": lesson.source,
            "seed": lesson.seed,
            "expect": expectation.text,
            "holds": verdict.holds,
            "values": [_plain(value) for value in verdict.values],
            "detail": verdict.detail,
        }
    )


def _plain(value: Value) -> Value:
    """As the events have it: a number that is not finite is a word."""
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


def _summary(held: Sequence[bool], runs: int, failed: int, seconds: float) -> str:
    missed = len(held) - sum(held)
    failures = f", {failed} of them failed" if failed else ""
    return f"{sum(held)} hold, {missed} do not; {runs} trained{failures}; {seconds / 60:.1f} minutes"


def _say(line: str) -> None:
    """Progress; nobody need be there to read it."""
    with contextlib.suppress(OSError):
        print(line, file=sys.stderr, flush=True)
