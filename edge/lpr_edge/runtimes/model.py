"""A model file, checked and loaded: integers in, dequantised outputs out."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from lpr_edge.contract.base.arrays import AnyArray, Floats, Image
from lpr_edge.contract.base.errors import ModelError
from lpr_edge.contract.manifest import Manifest, OutputSpec
from lpr_edge.runtimes.engine import Engine, FillableEngine, Written

MAX_HEIGHTS = 4
"""Heights of the input, next to its whole one, for which a network is loaded: each takes some megabytes. One source has
one; parts of frames have more."""


class Model:
    """A network in a runtime, with the manifest that describes its inputs and outputs."""

    def __init__(self, path: Path, manifest: Manifest, engine: Engine) -> None:
        """Wrap a loaded network, and run it once: the first run allocates memory, for which no frame should wait.

        Raises:
            ModelError: the runtime can't run it, or its outputs aren't those of the manifest.
        """
        self.path = path
        self.manifest = manifest
        self.runtime_name = engine.name
        self.runtime_version = engine.version
        self._engine = engine
        self._table = input_table(manifest)
        self._is_signed = _lowers_bytes(self._table)
        takes_bytes = self._table is None or self._is_signed
        self._fillable = engine if takes_bytes and isinstance(engine, FillableEngine) else None
        self._lower: dict[int, FillableEngine | None] = {}
        self._warm_up()

    def run(self, pixels: Image) -> tuple[AnyArray, ...]:
        """Run the network on `Prepared.pixels` (1, H, W, C) uint8.

        Returns:
            Its raw outputs, integers where it is quantised, in the manifest's order, with the batch axis.
        """
        if self._is_signed:
            return tuple(self._engine.run(signed(pixels)))
        return tuple(self._engine.run(pixels if self._table is None else self._table[pixels]))

    def outputs(self, pixels: Image) -> dict[str, Floats]:
        """Run the network; role -> float32 output without the batch axis."""
        raw = self.run(pixels)
        return {spec.role: dequantise(array[0], spec) for spec, array in zip(self.manifest.outputs, raw, strict=True)}

    def heads(self, pixels: Image) -> "dict[str, Dequantised]":
        """Run the network; role -> output, dequantised on access: see `Dequantised`."""
        return self._heads(self.run(pixels))

    def heads_of(
        self, write: Callable[[Image], Written], rows: int | None = None
    ) -> "tuple[Written, dict[str, Dequantised]]":
        """Run the network on what `write` puts into an array (H, W, C) uint8, its own input where the runtime lends it.

        Args:
            write: sets all of the array, whatever it held, and doesn't keep it.
            rows: of the input that matter, if not all: where file and runtime allow it, the array has only these, and
                the outputs as much less.

        Returns:
            What `write` returned, and the outputs as `heads` has them.
        """
        engine = self._fillable and (self._engine_of(rows) or self._fillable)
        if engine is not None:
            written = engine.fill(partial(_write_signed, write) if self._is_signed else lambda tensor: write(tensor[0]))
            return written, self._heads(engine.invoke())
        pixels = np.empty((1, *self.manifest.input.size_hw, self.manifest.input.channels), np.uint8)
        written = write(pixels[0])
        return written, self.heads(pixels)

    def _engine_of(self, rows: int | None) -> FillableEngine | None:
        """The network for an input of fewer rows; None for all of them, and where it can't be had."""
        if self._fillable is None or rows is None or rows >= self.manifest.input.size_hw[0]:
            return None
        if rows not in self._lower and len(self._lower) < MAX_HEIGHTS:
            self._lower[rows] = self._lowered(self._fillable, rows)
        return self._lower.get(rows)

    def _lowered(self, whole: FillableEngine, rows: int) -> FillableEngine | None:
        engine = whole.with_rows(rows)
        if engine is None:
            return None
        engine.fill(lambda tensor: tensor.fill(0))
        height = self.manifest.input.size_hw[0]
        wanted = [(1, spec.shape[0] * rows // height, *spec.shape[1:]) for spec in self.manifest.outputs]
        return engine if [array.shape for array in engine.invoke()] == wanted else None

    def _heads(self, raw: Sequence[AnyArray]) -> "dict[str, Dequantised]":
        return {spec.role: Dequantised(array[0], spec) for spec, array in zip(self.manifest.outputs, raw, strict=True)}

    def expect(self, kind: str) -> None:
        """Check that the model is of the given kind.

        Raises:
            ModelError: it is of another kind.
        """
        if self.manifest.kind != kind:
            raise ModelError(f"{self.path} is a {self.manifest.kind}, and a {kind} is needed: give another file")

    def _warm_up(self) -> None:
        manifest = self.manifest
        try:
            raw = self.run(np.zeros((1, *manifest.input.size_hw, manifest.input.channels), np.uint8))
        except Exception as error:
            raise ModelError(cannot(self.path, self.runtime_name, "run", error)) from error
        found = [(str(array.dtype), array.shape[1:]) for array in raw]
        wanted = [(spec.dtype, spec.shape) for spec in manifest.outputs]
        if found != wanted:
            raise ModelError(
                f"{self.path} gives {found} in {self.runtime_name}, and its manifest says {wanted}: "
                "export it again with lpr-export, or take another --runtime"
            )


class Dequantised:
    """An output whose integers are dequantised on access.

    A decoder reads one map whole, and of the others the few cells under its peaks: of a reader's 87,552 integers, some
    hundreds next to the map.
    """

    def __init__(self, integers: AnyArray, spec: OutputSpec) -> None:
        self._integers = integers
        self._spec = spec

    def __getitem__(self, place: Any) -> Floats:
        return dequantise(self._integers[place], self._spec)


def cannot(path: Path, name: str, what: str, error: Exception) -> str:
    """Make one line of a runtime's error, which may have many."""
    first = next(iter(str(error).strip().splitlines()), type(error).__name__)[:160]
    return f"{name} can't {what} {path} ({first}): take another --runtime, or export the model again"


SIGN = np.uint8(128)
"""Bit of a byte that, turned over, makes it an int8 that is 128 lower."""


def signed(pixels: Image) -> AnyArray:
    """Bytes less 128, as int8."""
    return (pixels ^ SIGN).view(np.int8)


def _write_signed(write: Callable[[Image], Written], tensor: AnyArray) -> Written:
    """Let `write` set an int8 tensor (1, H, W, C) by bytes, which are lowered by 128."""
    pixels = tensor.view(np.uint8)
    written = write(pixels[0])
    np.bitwise_xor(pixels, SIGN, out=pixels)
    return written


def _lowers_bytes(table: AnyArray | None) -> bool:
    """Whether a table gives each byte less 128."""
    return table is not None and table.dtype == np.int8 and np.array_equal(table, np.arange(-128, 128))


def input_table(manifest: Manifest) -> AnyArray | None:
    """The network's input for each of the 256 byte values; None if it is the byte itself."""
    low, high = manifest.input.value_range
    values = np.linspace(low, high, 256)
    tensor = manifest.input_tensor
    if tensor.dtype == "float32":
        return values.astype(np.float32)
    limits = np.iinfo(tensor.dtype)
    table = np.clip(np.rint(values / tensor.scale) + tensor.zero_point, limits.min, limits.max).astype(tensor.dtype)
    unchanged = table.dtype == np.uint8 and np.array_equal(table, np.arange(256))
    return None if unchanged else table


def dequantise(array: AnyArray, spec: OutputSpec) -> Floats:
    """Dequantise a tensor to float32."""
    if spec.dtype == "float32":
        return np.asarray(array, np.float32)
    numbers = np.subtract(array, spec.zero_point, dtype=np.float32)
    numbers *= np.float32(spec.scale)
    return numbers
