import importlib.util
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from tests.support.golden import tinyland
from tests.support.golden.tinyland import Scene

from lpr_edge.base.board import saturates_bytes
from lpr_edge.config.extensions import RUNTIMES
from lpr_edge.config.loading import config_of
from lpr_edge.contract.base.arrays import Image
from lpr_edge.contract.base.errors import LprError, ManifestError, ModelError
from lpr_edge.contract.manifest import OutputSpec, TensorSpec
from lpr_edge.contract.preprocess import PADDING, prepare
from lpr_edge.runtimes.model import MAX_HEIGHTS, Model, dequantise, input_table, signed
from lpr_edge.runtimes.opening import choose_runtime, open_model
from lpr_edge.runtimes.runtime import find_runtime
from lpr_edge.runtimes.shipped_models import shipped_model
from lpr_edge.runtimes.tflite import open_tflite, uses_xnnpack

NAMES = ("detector", "reader", "characters")
EMULATOR = "qemu-x86_64-static"
OpenGolden = Callable[..., Model]


def inputs_of(model: Model, scenes: tuple[Scene, ...]) -> list[Any]:
    return [prepare(scene.image_bgr, model.manifest.input).pixels for scene in scenes]


@pytest.mark.parametrize("name", NAMES)
def test_onnx_runtime_gives_litert_integers(golden_model: OpenGolden, scenes: tuple[Scene, ...], name: str) -> None:
    """LiteRT and ONNX Runtime compute with the same scales: the same integers but for a tie's rounding."""
    pytest.importorskip("onnxruntime")
    litert, onnx = golden_model(name, "litert"), golden_model(name, "onnxruntime")
    for pixels in inputs_of(litert, scenes):
        for ours, theirs in zip(litert.run(pixels), onnx.run(pixels), strict=True):
            difference = np.abs(ours.astype(int) - theirs.astype(int))
            assert difference.max() <= 6  # a softmax makes one step before it into some behind it
            assert difference.mean() < 0.1


def shape_of_zeros(array: Image) -> tuple[int, ...]:
    """Write zeros; the shape of what was lent."""
    array[:] = 0
    return array.shape


@pytest.fixture(scope="module")
def shipped() -> Model:
    """The shipped detector in LiteRT, which lends its input."""
    return open_model(shipped_model("detector"), "litert")


def test_pixels_written_in_place_give_the_same_outputs(shipped: Model) -> None:
    """Written into the runtime's own input or given as an array, and whatever was in that input before."""
    rng = np.random.default_rng(0)
    for _ in range(3):
        pixels = rng.integers(0, 256, (1, *shipped.manifest.input.size_hw, 3), np.uint8)
        written, heads = shipped.heads_of(partial(np.copyto, src=pixels[0]))
        assert written is None
        for role, head in shipped.heads(pixels).items():
            np.testing.assert_array_equal(heads[role][...], head[...])


@pytest.mark.parametrize("name", NAMES)
def test_a_runtime_that_lends_nothing_gets_an_array(
    golden_model: OpenGolden, scenes: tuple[Scene, ...], name: str
) -> None:
    """What is written there gives the same outputs, of the whole input whatever rows matter."""
    pytest.importorskip("onnxruntime")
    model = golden_model(name, "onnxruntime")
    (pixels, *_) = inputs_of(model, scenes)
    _, heads = model.heads_of(partial(np.copyto, src=pixels[0]), 32)
    for role, head in model.heads(pixels).items():
        np.testing.assert_array_equal(heads[role][...], head[...])


def test_a_write_that_fails_leaves_a_model_that_runs(shipped: Model) -> None:
    """The runtime's input is let go, though the error is still at hand."""

    def fail(_: Any) -> None:
        raise ValueError("no picture")

    with pytest.raises(ValueError, match="no picture") as failed:
        shipped.heads_of(fail)
    assert shipped.run(np.zeros((1, *shipped.manifest.input.size_hw, 3), np.uint8))
    assert failed.type is ValueError


def test_a_detector_computes_only_the_rows_that_hold_the_picture(shipped: Model) -> None:
    """LiteRT lends an input of fewer rows; the outputs are as much less, and above the lower edge nearly the same."""
    pixels = np.random.default_rng(0).integers(0, 256, (*shipped.manifest.input.size_hw, 3), np.uint8)
    pixels[288:] = PADDING

    def write(array: Image) -> int:
        array[:] = pixels[: len(array)]
        return len(array)

    rows, heads = shipped.heads_of(write, 288)
    assert rows == 288
    centre, whole = (found["centre"][..., 0] for found in (heads, shipped.heads(pixels[np.newaxis])))
    assert centre.shape == (whole.shape[0] * 3 // 4, whole.shape[1])
    assert np.abs(centre[: len(centre) // 2] - whole[: len(centre) // 2]).mean() < 0.01


def test_a_network_without_open_height_runs_whole() -> None:
    """Its operators say what shapes they give: it is asked once, and then left as it is."""
    model = open_model(shipped_model("characters"), "litert")
    shapes = [model.heads_of(shape_of_zeros, 16)[0] for _ in range(2)]
    assert shapes == [(*model.manifest.input.size_hw, model.manifest.input.channels)] * 2


def test_only_so_many_heights_are_loaded() -> None:
    """Parts of frames come in many shapes, and each height takes memory: those beyond the limit run whole."""
    model = open_model(shipped_model("detector"), "litert")
    asked = [32 * step for step in range(1, MAX_HEIGHTS + 2)]
    lent = [model.heads_of(shape_of_zeros, rows)[0][0] for rows in asked]
    assert lent == [*asked[:-1], model.manifest.input.size_hw[0]]


@pytest.mark.parametrize("name", NAMES)
def test_exact_products_change_nothing_here(
    golden_model: OpenGolden, scenes: tuple[Scene, ...], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Asked to multiply exactly, ONNX Runtime still takes the files, and gives LiteRT's integers to the bit."""
    pytest.importorskip("onnxruntime")
    monkeypatch.setattr("lpr_edge.runtimes.onnx_runtime.saturates_bytes", lambda: True)
    litert, onnx = golden_model(name, "litert"), golden_model(name, "onnxruntime")
    for pixels in inputs_of(litert, scenes):
        for ours, theirs in zip(litert.run(pixels), onnx.run(pixels), strict=True):
            np.testing.assert_array_equal(ours, theirs)


@pytest.mark.slow
@pytest.mark.skipif(
    platform.machine() != "x86_64" or not shutil.which(EMULATOR), reason=f"needs {EMULATOR} on an x86 machine"
)
def test_processor_whose_products_saturate(
    golden_model: OpenGolden, scenes: tuple[Scene, ...], golden: Path, tmp_path: Path
) -> None:
    """An (emulated) Haswell, which has no VNNI, gives the same integers in ONNX Runtime as LiteRT gives here."""
    pytest.importorskip("onnxruntime")
    pictures = {name: inputs_of(golden_model(name), scenes) for name in NAMES}
    np.savez(tmp_path / "pictures.npz", **{name: np.stack(pictures[name]) for name in NAMES})
    # The emulator shows this machine's /proc/cpuinfo.
    code = f"""
import numpy as np
from lpr_edge.runtimes import onnx_runtime
from lpr_edge.runtimes.opening import open_model
onnx_runtime.saturates_bytes = lambda: True
pictures, found = np.load({str(tmp_path / "pictures.npz")!r}), {{}}
for name in pictures.files:
    model = open_model(f"{golden}/{{name}}.int8.onnx", "onnxruntime")
    for number, pixels in enumerate(pictures[name]):
        found |= {{f"{{name}} {{number}} {{n}}": array for n, array in enumerate(model.run(pixels))}}
np.savez({str(tmp_path / "found.npz")!r}, **found)
"""
    subprocess.run([EMULATOR, "-cpu", "Haswell", sys.executable, "-c", code], check=True, capture_output=True)
    found = np.load(tmp_path / "found.npz")
    for name in NAMES:
        for number, pixels in enumerate(pictures[name]):
            for n, array in enumerate(golden_model(name, "litert").run(pixels)):
                np.testing.assert_array_equal(found[f"{name} {number} {n}"], array)


@pytest.mark.parametrize(
    ("machine", "flags", "expected"),
    [
        ("x86_64", "avx2 avx512_vnni", False),
        ("x86_64", "avx2 avx_vnni", False),
        ("x86_64", "avx2 avx512f", True),
        ("AMD64", None, True),
        ("aarch64", "asimd", False),
        ("armv7l", None, False),
    ],
)
def test_processors_whose_products_saturate(
    machine: str, flags: str | None, expected: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """x86 processors without VNNI, and those that don't tell what they have."""
    monkeypatch.setattr("platform.machine", lambda: machine)
    if flags is not None:
        (tmp_path / "proc").mkdir()
        (tmp_path / "proc/cpuinfo").write_text(f"flags\t\t: fpu {flags}\n", encoding="utf-8")
    assert saturates_bytes(tmp_path) is expected


@pytest.mark.parametrize("runtime", ["tflite", "opencv"])
@pytest.mark.parametrize("name", NAMES)
def test_other_runtimes_stay_near(golden_model: OpenGolden, scenes: tuple[Scene, ...], name: str, runtime: str) -> None:
    """tflite-runtime and OpenCV compute otherwise, and stay within two steps of 256 on average."""
    try:
        litert, other = golden_model(name, "litert"), golden_model(name, runtime)
    except ModelError as error:
        pytest.skip(str(error))
    for pixels in inputs_of(litert, scenes):
        for ours, theirs in zip(litert.run(pixels), other.run(pixels), strict=True):
            difference = np.abs(ours.astype(int) - theirs.astype(int))
            assert difference.mean() <= 2


def test_outputs_come_by_role_as_numbers(golden_model: OpenGolden, scenes: tuple[Scene, ...]) -> None:
    """`outputs` names each output by its role, without the batch axis, in the unit that the manifest's scale gives."""
    model = golden_model("detector")
    pixels = inputs_of(model, scenes)[0]
    heads = model.outputs(pixels)
    assert {role: array.shape for role, array in heads.items()} == {
        "centre": (12, 16, 1),
        "corners": (12, 16, 8),
        "turn": (12, 16, 4),
    }
    raw = model.run(pixels)[[spec.role for spec in model.manifest.outputs].index("turn")]
    assert raw.dtype == np.uint8
    np.testing.assert_allclose(heads["turn"].sum(axis=-1), 1.0, atol=0.02)


def test_bytes_pass_unchanged_where_the_scale_allows(golden_model: OpenGolden) -> None:
    """With scale 1/255 and zero point 0 the network takes the picture's bytes as they are."""
    manifest = golden_model("detector").manifest
    assert input_table(replace(manifest, input_tensor=TensorSpec("uint8", 1 / 255, 0))) is None


@pytest.mark.parametrize(
    ("tensor", "value_range", "expected"),
    [
        (TensorSpec("int8", 1 / 255, -128), (0.0, 1.0), [-128, -127, 127]),
        (TensorSpec("uint8", 1 / 510, 0), (0.0, 1.0), [0, 2, 255]),
        (TensorSpec("float32"), (0.0, 1.0), [0.0, 1 / 255, 1.0]),
        (TensorSpec("float32"), (-1.0, 1.0), [-1.0, -1 + 2 / 255, 1.0]),
    ],
)
def test_bytes_become_what_the_tensor_takes(
    golden_model: OpenGolden, tensor: TensorSpec, value_range: tuple[float, float], expected: list[float]
) -> None:
    """The bytes 0, 1 and 255 are scaled to the value range, then quantised, and never wrap round."""
    manifest = golden_model("detector").manifest
    spec = replace(manifest.input, value_range=value_range)
    table = input_table(replace(manifest, input=spec, input_tensor=tensor))
    assert table is not None
    assert table.dtype == tensor.dtype
    np.testing.assert_allclose(table[[0, 1, 255]], expected, rtol=1e-6)


def test_int8_inputs_take_lowered_bytes() -> None:
    """Where the network takes each byte less 128, as int8, that is computed without a table, and to the same value."""
    every = np.arange(256, dtype=np.uint8)
    assert (str(signed(every).dtype), signed(every).tolist()) == ("int8", list(range(-128, 128)))
    model = open_model(shipped_model("characters"))
    table = input_table(model.manifest)
    assert table is not None
    np.testing.assert_array_equal(signed(every), table)


def test_integers_mean_scale_times_difference() -> None:
    """A value is scale × (integer - zero point), for signed and unsigned integers, without overflow."""
    unsigned = OutputSpec("uint8", 0.5, 100, "centre", (3,))
    np.testing.assert_array_equal(dequantise(np.array([0, 100, 255], np.uint8), unsigned), [-50.0, 0.0, 77.5])
    signed = OutputSpec("int8", 0.5, -128, "centre", (2,))
    np.testing.assert_array_equal(dequantise(np.array([-128, 127], np.int8), signed), [0.0, 127.5])


def test_auto_prefers_litert_then_tflite(monkeypatch: pytest.MonkeyPatch) -> None:
    """`auto` takes LiteRT where it is installed, else tflite-runtime; for ONNX files ONNX Runtime, else OpenCV."""
    present = {"ai_edge_litert", "tflite_runtime", "onnxruntime", "cv2"}
    monkeypatch.setattr(importlib.util, "find_spec", lambda module: module in present or None)
    tflite, onnx = Path("model.tflite"), Path("model.onnx")
    assert (choose_runtime(tflite, "auto").name, choose_runtime(onnx, "auto").name) == ("litert", "onnxruntime")
    present -= {"ai_edge_litert", "onnxruntime"}
    assert (choose_runtime(tflite, "auto").name, choose_runtime(onnx, "auto").name) == ("tflite", "opencv")
    present.clear()
    with pytest.raises(ModelError, match=r"no runtime for .tflite files is installed: pip install ai-edge-litert"):
        choose_runtime(tflite, "auto")


@pytest.mark.parametrize(
    ("file", "runtime", "message"),
    [
        ("model.onnx", "litert", "litert doesn't read .onnx files .* take --runtime onnxruntime or opencv"),
        ("model.tflite", "opencv", "opencv doesn't read .tflite files .* take --runtime litert or tflite"),
        ("model.keras", "auto", "neither a .tflite nor a .onnx file"),
    ],
)
def test_runtime_that_does_not_read_the_file(file: str, runtime: str, message: str) -> None:
    """A runtime asked for a format that it doesn't read names those that do."""
    with pytest.raises(ModelError, match=message):
        choose_runtime(Path(file), runtime)


@pytest.mark.parametrize(
    ("runtime", "package"),
    [("litert", "ai-edge-litert"), ("tflite", "tflite-runtime"), ("onnxruntime", "onnxruntime")],
)
def test_missing_runtime_names_its_package(
    golden_model: OpenGolden, monkeypatch: pytest.MonkeyPatch, runtime: str, package: str
) -> None:
    """A runtime that isn't installed is named with the command that installs it."""
    module = find_runtime(runtime).module
    for loaded in [name for name in sys.modules if name.split(".")[0] == module]:
        monkeypatch.delitem(sys.modules, loaded)
    monkeypatch.setitem(sys.modules, module, None)
    monkeypatch.setattr(np, "__version__", "1.26.4")
    with pytest.raises(ModelError, match=f"{package} is not installed: pip install {package}$"):
        golden_model("reader", runtime)


def test_opencv_that_computes_wrong_is_refused(golden: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """OpenCV 5 gives wrong numbers for int8 networks, so it isn't let."""
    monkeypatch.setattr(cv2, "__version__", "5.0.0")
    with pytest.raises(ModelError, match=r"OpenCV 5\.0\.0 computes int8 networks .* wrong: take --runtime onnxruntime"):
        open_model(golden / "reader.int8.onnx", "opencv")


def test_tflite_runtime_is_refused_under_numpy_2(golden: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """tflite-runtime kills the process under NumPy 2, so it isn't even tried there."""
    monkeypatch.setattr(np, "__version__", "2.1.0")
    with pytest.raises(
        ModelError, match=r"can't run under NumPy 2\.1\.0: pip install 'numpy<2', or take --runtime litert"
    ):
        open_tflite(golden / "reader.int8.tflite", 1)


@pytest.mark.parametrize("name", NAMES)
def test_litert_computes_with_xnnpack(golden: Path, name: str) -> None:
    """LiteRT takes XNNPACK for int8 networks: without, it is slower and rounds otherwise, and says nothing."""
    pytest.importorskip("ai_edge_litert")
    assert uses_xnnpack(golden / f"{name}.int8.tflite", "litert")


def test_old_runtime_has_kernels_of_its_own(golden: Path) -> None:
    """tflite-runtime computes int8 networks by itself, which is why its integers are other ones."""
    pytest.importorskip("tflite_runtime")
    if np.__version__.startswith("2"):
        pytest.skip("tflite-runtime can't run under NumPy 2")
    assert not uses_xnnpack(golden / "reader.int8.tflite", "tflite")


def test_settings_take_every_runtime() -> None:
    """Every runtime that there is can be asked for; of another, the names are told."""
    assert [config_of(runtime=name).models.runtime for name in ("auto", *RUNTIMES.own)] == ["auto", *RUNTIMES.own]
    with pytest.raises(
        LprError, match="`runtime` is tensorrt, and it must be one of auto, litert, tflite, onnxruntime"
    ):
        config_of(runtime="tensorrt")


def test_threads_do_not_change_results(golden: Path, scenes: tuple[Scene, ...]) -> None:
    """More threads are only a matter of speed."""
    one, two = (open_model(golden / "detector.int8.tflite", threads=threads) for threads in (1, 2))
    pixels = inputs_of(one, scenes)[0]
    for ours, theirs in zip(one.run(pixels), two.run(pixels), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_golden_models_are_of_tinyland(golden_model: OpenGolden) -> None:
    """The checked-in models carry the country that the tests draw; else make.py must run again."""
    for name in NAMES:
        assert golden_model(name).manifest.country == tinyland.tinyland().to_dict()


def test_model_errors_are_users_errors() -> None:
    """What a model file can cause is printed in one line, without a traceback."""
    assert issubclass(ModelError, LprError)
    assert issubclass(ManifestError, LprError)
