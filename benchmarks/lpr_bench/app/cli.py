"""The command `lpr-bench`: accuracy, latency and memory of the models on this machine."""

import argparse
import sys

from lpr_edge.contract.base.command import run_command


def main(argv: list[str] | None = None) -> int:
    """Run a benchmark; returns 1 for an error of the user's, 2 for wrong usage, 130 after Ctrl-C."""
    arguments = sys.argv[1:] if argv is None else argv

    def act() -> int:
        parsed = build_parser().parse_args(arguments or ["frames"])
        status: int = parsed.run(parsed)
        return status

    return run_command("lpr-bench", act)


def build_parser() -> argparse.ArgumentParser:
    """The parser with all benchmarks as subcommands."""
    from lpr_bench.accuracy import run_accuracy
    from lpr_bench.app import run_all
    from lpr_bench.calibration import run_calibrate
    from lpr_bench.forms import run_forms
    from lpr_bench.history import run_history
    from lpr_bench.latency import run_aa_test, run_compare, run_frames, run_latency, run_stress
    from lpr_bench.parity import run_parity
    from lpr_bench.report import run_cards, run_report
    from lpr_bench.roofline import run_roofline
    from lpr_bench.streams import run_streams
    from lpr_bench.visits import run_visits

    parser = argparse.ArgumentParser(
        prog="lpr-bench", description="Accuracy, latency and memory of the models on this machine; alone: frames."
    )
    benchmarks = parser.add_subparsers(required=True, metavar="BENCHMARK")
    run_frames.add_command(benchmarks)
    run_all.add_command(benchmarks)
    run_streams.add_command(benchmarks)
    run_latency.add_command(benchmarks)
    run_accuracy.add_command(benchmarks)
    run_visits.add_command(benchmarks)
    run_forms.add_command(benchmarks)
    run_calibrate.add_command(benchmarks)
    run_cards.add_command(benchmarks)
    run_history.add_command(benchmarks)
    run_parity.add_command(benchmarks)
    run_roofline.add_command(benchmarks)
    run_stress.add_command(benchmarks)
    run_compare.add_command(benchmarks)
    run_aa_test.add_command(benchmarks)
    run_report.add_command(benchmarks)
    return parser


if __name__ == "__main__":
    sys.exit(main())
