"""All results of an export's evaluation, and the faults that follow from them."""

from collections.abc import Sequence
from dataclasses import dataclass

from lpr_edge.contract.manifest import Manifest
from lpr_export.calibration.representative_set import RepresentativeSet
from lpr_export.calibration.split_half import SplitHalfStability
from lpr_export.evaluate.gate import MAX_LSB_DIFFERENCE, Verdict
from lpr_export.evaluate.layer_error import LayerErrors
from lpr_export.onnx.first_divergence import Divergence
from lpr_export.publish.files import Draft
from lpr_export.publish.runtime_support import RuntimeSupport


@dataclass(frozen=True)
class Findings:
    """Results of the evaluation of all staged files."""

    card: Manifest
    calibration: RepresentativeSet
    max_drop: float
    drafts: tuple[Draft, ...]
    verdicts: tuple[Verdict, ...]
    """One per held-out set; the first one is of the data folder, if one is given."""
    stability: SplitHalfStability | None
    divergence: Divergence | None
    runtime_support: tuple[RuntimeSupport, ...]
    layer_errors: LayerErrors | None
    weaknesses: tuple[str, ...] = ()
    """Faults of the float network itself."""
    caveats: tuple[str, ...] = ()
    """Checks that an option has switched off, in words; the manifest lists them."""

    @property
    def faults(self) -> Sequence[str]:
        """Reasons against publication; empty if all checks pass."""
        # A broken float network comes first, then too small a set, as they may explain the others.
        found = [*self.weaknesses]
        found += [self.stability.fault] if self.stability and self.stability.fault else []
        found += [fault for verdict in self.verdicts for fault in verdict.faults]
        return [*found, *self._divergence_fault()]

    def _divergence_fault(self) -> list[str]:
        """A single operator with equal inputs may differ by one LSB at most."""
        if self.divergence is None or self.divergence.largest <= 1:
            return []
        return [
            f"{self.divergence.operator} of layer {self.divergence.layer} gives up to {self.divergence.largest} steps "
            "more or less in onnxruntime than in litert, of the same input, and 1 is allowed "
            f"(outputs: {MAX_LSB_DIFFERENCE})"
        ]

    def runtimes(self, name: str) -> tuple[str, ...]:
        """Runtimes in which a file passes on every held-out set."""
        claims = [verdict.runtimes(name) for verdict in self.verdicts]
        return tuple(runtime for runtime in claims[0] if all(runtime in claim for claim in claims))
