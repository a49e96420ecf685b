"""Published latencies of known networks on Raspberry Pis, from which projections are made."""

from dataclasses import dataclass

NCNN = "ncnn's benchmark/README.md (benchncnn, random weights, averages)"

MULTIPLY_ADDS = {
    "SqueezeNet 1.1": 0.35e9,
    "MobileNet v1": 0.57e9,
    "GoogLeNet": 1.50e9,
    "ResNet-18": 1.81e9,
    "ResNet-50": 4.09e9,
}
"""Multiply-adds for one picture of 224×224 (SqueezeNet 227×227).

Sources: torchvision's model pages; MobileNet: Howard et al. 2017.
"""


@dataclass(frozen=True)
class PublishedLatency:
    """A published latency in int8."""

    network: str
    """Name in `MULTIPLY_ADDS`."""
    ms: float

    @property
    def throughput(self) -> float:
        """Multiply-adds a second."""
        return MULTIPLY_ADDS[self.network] / (self.ms / 1000)


@dataclass(frozen=True)
class Board:
    """A board with published latencies on one thread."""

    name: str
    source: str
    known: tuple[PublishedLatency, ...]


BOARDS = (
    Board(
        "Raspberry Pi Zero 2 W (Cortex-A53, 1.0 GHz)",
        NCNN,
        (
            PublishedLatency("SqueezeNet 1.1", 212.94),
            PublishedLatency("MobileNet v1", 286.75),
            PublishedLatency("GoogLeNet", 664.15),
            PublishedLatency("ResNet-18", 479.40),
            PublishedLatency("ResNet-50", 1313.15),
        ),
    ),
    Board(
        "Raspberry Pi 3 B+ (Cortex-A53, 1.4 GHz)",
        NCNN,
        (
            PublishedLatency("SqueezeNet 1.1", 135.98),
            PublishedLatency("MobileNet v1", 181.91),
            PublishedLatency("GoogLeNet", 425.78),
            PublishedLatency("ResNet-18", 312.68),
            PublishedLatency("ResNet-50", 893.83),
        ),
    ),
    Board(
        "Raspberry Pi 4 (Cortex-A72, 1.8 GHz)",
        NCNN,
        (
            PublishedLatency("SqueezeNet 1.1", 69.42),
            PublishedLatency("MobileNet v1", 84.82),
            PublishedLatency("GoogLeNet", 210.00),
            PublishedLatency("ResNet-18", 158.50),
            PublishedLatency("ResNet-50", 423.96),
        ),
    ),
    Board(
        "Raspberry Pi 5 (Cortex-A76, 2.4 GHz)", f"{NCNN}; one figure only", (PublishedLatency("MobileNet v1", 14.4),)
    ),
)
