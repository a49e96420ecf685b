"""All that an export found out about its files, for the report, the page and the decision."""

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
    """What is true of the staged files."""

    card: Manifest
    calibration: RepresentativeSet
    max_drop: float
    drafts: tuple[Draft, ...]
    verdicts: tuple[Verdict, ...]
    """One a held-out set; the first is of the data folder, where one was given."""
    stability: SplitHalfStability | None
    divergence: Divergence | None
    runtime_support: tuple[RuntimeSupport, ...]
    layer_errors: LayerErrors | None
    weaknesses: tuple[str, ...] = ()
    """Of the float network: what is wrong with it, whatever int8 makes of it."""
    caveats: tuple[str, ...] = ()
    """Checks that were waived, in words; they travel in the manifest."""

    @property
    def faults(self) -> Sequence[str]:
        """Why nothing may be published; empty where all is well."""
        # A broken float network comes first, then too small a set, as they may explain the others.
        found = [*self.weaknesses]
        found += [self.stability.fault] if self.stability and self.stability.fault else []
        found += [fault for verdict in self.verdicts for fault in verdict.faults]
        return [*found, *self._divergence_fault()]

    def _divergence_fault(self) -> list[str]:
        """One operator given the same integers must give the same, or one step: more is no rounding."""
        if self.divergence is None or self.divergence.largest <= 1:
            return []
        return [
            f"{self.divergence.operator} of layer {self.divergence.layer} gives up to {self.divergence.largest} steps "
            "more or less in onnxruntime than in litert, of the same input, and 1 is allowed "
            f"(outputs: {MAX_LSB_DIFFERENCE})"
        ]

    def runtimes(self, name: str) -> tuple[str, ...]:
        """The runtimes that a file may claim: those that held on every set."""
        claims = [verdict.runtimes(name) for verdict in self.verdicts]
        return tuple(runtime for runtime in claims[0] if all(runtime in claim for claim in claims))
