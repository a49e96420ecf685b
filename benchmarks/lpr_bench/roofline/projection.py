"""Project a network's latency onto other boards from multiply-adds, with the error of this method."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import exp, log
from typing import Any

from lpr_bench.roofline.known_networks import BOARDS, MULTIPLY_ADDS, Board, PublishedLatency


@dataclass(frozen=True)
class Projected:
    """Projected latency of a network on a board, one thread, in milliseconds. No measurement."""

    board: str
    network: str
    ms: float
    low_ms: float
    high_ms: float


@dataclass(frozen=True)
class Check:
    """A known network's published latency, and the one projected from the other networks of its board."""

    board: str
    network: str
    published_ms: float
    projected_ms: float

    @property
    def factor(self) -> float:
        """Projected divided by published latency."""
        return self.projected_ms / self.published_ms


def throughput(known: Sequence[PublishedLatency]) -> float:
    """Multiply-adds per second of a board: the geometric mean over its known networks."""
    return exp(sum(log(one.throughput) for one in known) / len(known))


def check_projection(boards: Sequence[Board] = BOARDS) -> list[Check]:
    """Project every known network from the other ones of its board."""
    return [
        Check(board.name, one.network, one.ms, 1000 * MULTIPLY_ADDS[one.network] / throughput(others))
        for board in boards
        for one in board.known
        if (others := [other for other in board.known if other is not one])
    ]


def worst_factor(board: str, checks: Sequence[Check]) -> float:
    """Largest factor between projected and published latency on a board; on all boards if it has only one network."""
    found = [check for check in checks if check.board == board] or list(checks)
    return max(max(check.factor, 1 / check.factor) for check in found)


def project(networks: Sequence[Mapping[str, Any]], boards: Sequence[Board] = BOARDS) -> list[Projected]:
    """Project networks onto boards.

    The middle takes multiply-adds alone. The upper end also takes that a network which reaches a smaller share of the
    peak here than the best of them will do so there; a board's slower arithmetic hides some of that.

    Args:
        networks: as `lpr-bench limits` describes them: `file`, `multiply_adds`, `share_of_peak`.
        boards: with what is known of them.
    """
    checks = check_projection(boards)
    best = max(network["share_of_peak"] for network in networks)
    found = []
    for board in boards:
        for network in networks:
            middle = 1000 * network["multiply_adds"] / throughput(board.known)
            off = worst_factor(board.name, checks)
            upper = middle * off * best / network["share_of_peak"]
            found.append(Projected(board.name, network["file"], middle, middle / off, upper))
    return found
