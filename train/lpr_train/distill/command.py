"""The command `lpr-train distill`."""

import argparse
from pathlib import Path
from typing import Any

from lpr_train.base.config import add_flags, read_config, with_flags


def add_command(commands: Any, arguments: list[str]) -> None:
    """Add `distill`; its settings are imported only if `arguments` name it, so that --help is fast."""
    parser = commands.add_parser(
        "distill", help="train a large teacher and a reader that learns from it, on a GPU by Keras with JAX"
    )
    parser.add_argument("--out", type=Path, required=True, metavar="RUN", help="run folder of the reader; RUN/teacher")
    parser.add_argument(
        "--config", type=Path, metavar="FILE", help="TOML file with any of these keys; flags override it"
    )
    if "distill" in arguments:
        from lpr_train.distill.config import DistillConfig

        add_flags(parser.add_argument_group("settings"), DistillConfig)
    parser.set_defaults(act=_distill)


def _distill(parsed: argparse.Namespace) -> int:
    from lpr_train.distill.config import DistillConfig
    from lpr_train.distill.run import TEACHER, distill

    chosen = vars(parsed)
    settings = read_config(parsed.config, DistillConfig, chosen) if parsed.config else DistillConfig.preset(chosen)
    metrics = distill(with_flags(settings, parsed), parsed.out)
    for metric in metrics["metrics"]:
        print("{data} {split}: {metric} {value:.4f} of {count}".format_map(metric))
    print(f"Kept epoch {metrics['best_epoch']} in {parsed.out}. Next: lpr-export --int8 {parsed.out}")
    print(
        f"The teacher is in {parsed.out / TEACHER}. To teach a reader without a GPU: lpr-export --int8 "
        f"{parsed.out / TEACHER} --out DIR, then lpr-train reader --init {parsed.out} --teacher DIR/teacher.int8.tflite"
    )
    return 130 if metrics["interrupted"] else 0
