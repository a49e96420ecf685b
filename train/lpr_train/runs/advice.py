"""Advice on a run at the moment when it helps: too little data, labels without examples, a run that is too short."""

import sys
from collections.abc import Iterable, Mapping
from typing import Any

from lpr_edge.contract.run.folder import SEEN
from lpr_train.base.config import FitConfig
from lpr_train.base.task import CountsExamples, Examples, Task
from lpr_train.data.initial_run import images_of_initial_run

MAX_NAMED = 5
"""Labels that one line of advice names at most."""
DECIDING = {"detector": "recall", "reader": "exact", "classifier": "accuracy"}
"""Kind of network -> the metric that is 0 for one that has learnt nothing."""
RESULTS = {"detector": "detects none", "reader": "reads none", "classifier": "recognises none"}


def data_advice(task: Task) -> list[str]:
    """Advice on a task's real examples, before it is trained."""
    examples = task.examples() if isinstance(task, CountsExamples) else None
    return [] if examples is None else examples_advice(examples, task.config.data)


def examples_advice(examples: Examples, folder: str) -> list[str]:
    """Advice on a number of examples, and on labels that have none."""
    advice = []
    if examples.count < examples.least:
        advice.append(
            f"{folder} has {examples.count} {examples.what} to train on. With fewer than {examples.least}, a network "
            "overfits: add more, or trust the held-out figures alone."
        )
    if examples.missing:
        named = " ".join(examples.missing[:MAX_NAMED])
        more = f" and {len(examples.missing) - MAX_NAMED} more" if len(examples.missing) > MAX_NAMED else ""
        advice.append(
            f"No real example of {named}{more}: learnt from rendered images alone. Where your plates have them, add "
            f"{examples.what} that show them."
        )
    return advice


def record_advice(init: str) -> list[str]:
    """Advice where nobody knows what the initial weights were trained on."""
    if images_of_initial_run(init).is_complete:
        return []
    return [
        f"{init} has no complete record of what it was trained on ({SEEN}): where these are your photographs, its own "
        "held-out figures are too good, and the comparison is unfair to the new network."
    ]


def length_advice(config: FitConfig, steps: int) -> list[str]:
    """Advice on a run that is shorter than its EMA's window of 1 / (1 - decay) steps.

    The kept weights and the statistics of batch normalisation are then still close to the initial ones, so that metrics
    look broken although the network learns.
    """
    window = round(1 / (1 - config.ema))
    if config.init or steps >= window:
        return []
    return [
        f"The run had {steps} steps, and its EMA of {config.ema:g} needs {window} or more to leave the initial "
        "weights: low figures say little. Give more --epochs, or a smaller --ema."
    ]


def advise(advice: Iterable[str]) -> None:
    """Print advice on stderr."""
    for line in advice:
        print(f"lpr-train: advice: {line}", file=sys.stderr)


def learnt_nothing(metrics: Mapping[str, Any]) -> str:
    """What a finished network fails at altogether; empty for one that may be exported.

    Args:
        metrics: the contents of metrics.json.
    """
    name = DECIDING[metrics["kind"]]
    own = [metric for metric in metrics["metrics"] if metric["metric"] == name]
    if not own or any(metric["value"] > 0 for metric in own):
        return ""
    return f"{RESULTS[metrics['kind']]} of {max(metric['count'] for metric in own)} held-out examples"
