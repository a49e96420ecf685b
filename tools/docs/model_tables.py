"""The table of the shipped networks, from their files and their runs' records."""

from pathlib import Path

from tools.docs.results import table

from lpr_bench.roofline.network_costs import network_cost
from lpr_edge.contract.manifest import read_manifest

NETWORKS = ("detector", "reader", "characters")


def networks(repository: Path) -> str:
    """Input, size, multiply-adds and length of the last training of each shipped network."""
    return table(
        ["network", "input", "int8 file", "multiply-adds", "last training"], [_row(repository, n) for n in NETWORKS]
    )


def _row(repository: Path, name: str) -> list[str]:
    path = repository / f"edge/lpr_edge/models/{name}.int8.tflite"
    manifest, cost = read_manifest(path), network_cost(path)
    height, width = manifest.input.size_hw
    given = {"epochs": "epochs", "steps_per_epoch": "steps each", "batch_size": "samples a step"}
    training = ", ".join(f"{manifest.training[key]} {word}" for key, word in given.items() if key in manifest.training)
    return [
        name,
        f"{width}×{height}, {manifest.input.colour}",
        f"{path.stat().st_size / 1000:.0f} kB",
        f"{cost.multiply_adds / 1e6:.1f} M",
        training,
    ]
