import csv
import json
import os
import signal
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lpr_edge.contract.base.errors import LprError
from lpr_edge.contract.run.folder import CHECKPOINT
from lpr_edge.contract.run.samples import read_samples
from lpr_train.base.engine import KerasModel, load_keras
from lpr_train.loop.checkpoint import FitState, read_checkpoint, write_checkpoint
from lpr_train.loop.fit import fit
from lpr_train.loop.inference import predict
from lpr_train.loop.optimizer import make_optimizer
from lpr_train.loop.warm_start import began_from, load_initial_weights
from lpr_train.networks.reader import reader_network
from lpr_train.runs.run_folder import open_run, write_run


def _same(a: KerasModel, b: KerasModel) -> bool:
    return all(np.array_equal(x, y) for x, y in zip(a.get_weights(), b.get_weights(), strict=True))


def test_a_resumed_run_ends_as_if_it_had_never_stopped(halves: Any, tmp_path: Path) -> None:
    """Weights, optimiser, average and the order of examples all go on from the checkpoint, to the last bit."""
    whole = fit(halves(epochs=3), tmp_path / "whole")

    task = halves(epochs=3)
    judge, evaluated = task.validate, []

    def stop_in_the_second_epoch(model: KerasModel) -> dict[str, float]:
        evaluated.append(1)
        if len(evaluated) == 2:
            raise LprError("stopped")
        return dict(judge(model))

    task.validate = stop_in_the_second_epoch
    with pytest.raises(LprError, match="stopped"):
        fit(task, tmp_path / "halved")
    assert read_checkpoint(tmp_path / "halved" / CHECKPOINT).epoch == 1
    resumed = fit(halves(epochs=3), tmp_path / "halved", resume=True)

    assert _same(whole.model, resumed.model)
    untimed = [[{k: v for k, v in row.items() if k != "seconds"} for row in f.state.history] for f in (whole, resumed)]
    assert untimed[0] == untimed[1]


def test_resuming_draws_the_indices_that_follow(halves: Any, tmp_path: Path) -> None:
    """No example is drawn twice, and none is left out, however often a run is resumed."""
    fit(halves(epochs=2), tmp_path)
    longer = halves(epochs=3)
    fit(longer, tmp_path, resume=True)
    assert sorted(set(longer.asked)) == [0, *range(2 * 24, 3 * 24)]  # 0 is drawn once for its shape


def test_it_learns_and_keeps_the_best_epoch(halves: Any, tmp_path: Path) -> None:
    """The returned weights are those of the epoch with the highest score."""
    task = halves(epochs=12)
    fitted = fit(task, tmp_path)
    scores = [row["score"] for row in fitted.state.history]
    assert max(scores) > 0.9
    assert task.validate(fitted.model)["score"] == max(scores) == scores[fitted.state.best_epoch - 1]


def test_patience_ends_a_run_that_no_longer_improves(halves: Any, tmp_path: Path) -> None:
    """After `patience` epochs below the best, no further epoch is trained; resuming trains none either."""
    task = halves(epochs=50, patience=2)
    scores = iter([0.5, 0.9, 0.8, 0.7, 0.6, 0.5])
    task.validate = lambda _: {"score": next(scores)}
    state = fit(task, tmp_path).state
    assert (state.epoch, state.best_epoch) == (4, 2)
    assert fit(task, tmp_path, resume=True).state.epoch == 4


def test_ctrl_c_keeps_the_best_so_far(halves: Any, tmp_path: Path) -> None:
    """SIGINT ends training after the step at hand; the best epoch before it is what fit returns."""
    task = halves(epochs=50)
    make, sent = task.sample, threading.Event()

    def interrupt_in_the_third_epoch(index: int) -> Any:
        if index == 60 and not sent.is_set():
            sent.set()
            os.kill(os.getpid(), signal.SIGINT)
        return make(index)

    task.sample = interrupt_in_the_third_epoch
    fitted = fit(task, tmp_path)
    assert fitted.interrupted
    assert 1 <= fitted.state.epoch <= 4
    assert task.validate(fitted.model)["score"] == fitted.state.best_score


def test_an_error_in_a_sample_is_told_as_it_was(halves: Any, tmp_path: Path) -> None:
    """A worker thread's own exception ends the run, not TensorFlow's wrapping of it."""
    task = halves()
    make = task.sample

    def fail_later(index: int) -> Any:
        if index == 30:
            raise LprError("picture 30 can't be read")
        return make(index)

    task.sample = fail_later
    with pytest.raises(LprError, match=r"^picture 30 can't be read$"):
        fit(task, tmp_path)


def test_a_diverging_run_says_what_to_do(halves: Any, tmp_path: Path) -> None:
    """A loss that is no number ends the run at once, naming the setting to change."""
    task = halves()
    task.losses = lambda: {"scores": lambda _, found: 0.0 * found / 0.0}
    with pytest.raises(LprError, match=r"loss became nan in epoch 1\. Lower --learning-rate"):
        fit(task, tmp_path)


def test_resuming_without_a_checkpoint_is_an_error(halves: Any, tmp_path: Path) -> None:
    """It names the missing file and the remedy."""
    with pytest.raises(LprError, match=r"last\.npz isn't there.*without --resume"):
        fit(halves(), tmp_path, resume=True)


def test_a_damaged_checkpoint_is_an_error(tmp_path: Path) -> None:
    """Bytes that are no checkpoint are named as such."""
    path = tmp_path / "last.npz"
    path.write_bytes(b"PK nothing")
    with pytest.raises(LprError, match="is damaged"):
        read_checkpoint(path)


def test_a_checkpoint_comes_back_as_it_was(tmp_path: Path) -> None:
    """Numbers, history and every array survive the file, in order."""
    arrays = [np.full((2,), number, np.float32) for number in range(12)]
    state = FitState(3, 2, 0.5, [{"epoch": 1.0, "loss": 2.0}], {"model": arrays, "best": arrays[:1]})
    write_checkpoint(tmp_path / "a" / "last.npz", state)
    read = read_checkpoint(tmp_path / "a" / "last.npz")
    assert (read.epoch, read.best_epoch, read.best_score, read.history) == (3, 2, 0.5, state.history)
    assert [value[0] for value in read.weights["model"]] == list(range(12))
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["last.npz"]


def test_starting_from_another_run_takes_its_weights(halves: Any, tmp_path: Path) -> None:
    """--init gives a new run the other's weights, and starts its epochs anew."""
    task = halves(epochs=1)
    first = fit(task, tmp_path)
    first.model.save(tmp_path / "model.keras")
    load_keras().utils.set_random_seed(9)
    other = task.build()
    assert not _same(first.model, other)
    assert load_initial_weights(other, tmp_path) == len(other.weights)
    assert _same(first.model, other)


def test_a_reader_starts_from_one_whose_alphabet_was_shorter(tmp_path: Path) -> None:
    """Labels are only ever appended: the outputs that were there are taken over, the appended ones start afresh."""
    keras = load_keras()
    keras.utils.set_random_seed(1)
    before = reader_network(5, (32, 64))
    before.save(tmp_path / "model.keras")
    keras.utils.set_random_seed(2)
    grown = reader_network(8, (32, 64))
    fresh = [np.array(weight.numpy()) for weight in grown.weights]
    assert load_initial_weights(grown, tmp_path) == len(grown.weights)
    for weight, own, other in zip(grown.weights, fresh, before.weights, strict=True):
        kept = other.shape[-1] if other.shape else None
        assert np.array_equal(weight.numpy()[..., :kept], other.numpy())
        assert np.array_equal(weight.numpy()[..., kept:], own[..., kept:])
    with pytest.raises(LprError, match="none of its weights fit"):
        load_initial_weights(keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)]), tmp_path)


def test_a_reader_starts_from_one_without_corners(tmp_path: Path) -> None:
    """What an older network lacks starts afresh, with corners as given; all that it has is taken over."""
    keras = load_keras()
    keras.utils.set_random_seed(1)
    whole = reader_network(5, (32, 64))
    before = keras.Model(whole.input, {role: whole.output[role] for role in ("centre", "classes", "size")})
    before.save(tmp_path / "model.keras")
    keras.utils.set_random_seed(2)
    after = reader_network(5, (32, 64))
    assert load_initial_weights(after, tmp_path) == len(before.weights) < len(after.weights)
    picture = np.random.default_rng(0).integers(0, 256, (1, 32, 64, 1), np.uint8)
    found, known = predict(after, picture), predict(before, picture)
    assert all(np.array_equal(found[role], known[role]) for role in known)
    assert not found["corners"].any()


def test_a_run_that_began_from_another_tells_its_settings(tmp_path: Path) -> None:
    """From the card beside the weights, whichever of the two is named; nothing where there is no card."""
    assert began_from(tmp_path) == {}
    (tmp_path / "model.json").write_text('{"training": {"seed": 4}}', encoding="utf-8")
    assert began_from(tmp_path) == began_from(tmp_path / "model.keras") == {"seed": 4}
    second = tmp_path / "second"
    second.mkdir()
    (second / "model.json").write_text(f'{{"training": {{"seed": 5, "init": "{tmp_path}"}}}}', encoding="utf-8")
    assert began_from(second) == {"seed": 5, "init": str(tmp_path), "began_from": {"seed": 4}}


def test_starting_from_nothing_is_an_error(halves: Any, tmp_path: Path) -> None:
    """--init of a folder without a model says what it needs."""
    with pytest.raises(LprError, match=r"model\.keras isn't there\. Give a run folder"):
        load_initial_weights(halves().build(), tmp_path)


def test_the_learning_rate_warms_up_and_falls(halves: Any) -> None:
    """It rises over the warm-up to its highest, and ends at the final rate."""
    config = halves(epochs=10, steps_per_epoch=10, warmup_epochs=2.0, final_learning_rate=0.001).config
    schedule = make_optimizer(config)._learning_rate
    rates = [float(schedule(step)) for step in range(101)]
    assert rates[10] == pytest.approx(0.025)
    assert max(rates) == rates[20] == pytest.approx(0.05)
    assert rates[100] == pytest.approx(0.001)


def test_a_run_folder_holds_all_that_export_needs(halves: Any, tmp_path: Path) -> None:
    """Network, card, pictures, metrics, history and curves, each whole; nothing half-written stays."""
    task, out = halves(epochs=2), tmp_path / "halves"
    open_run(out, task.config)
    fitted = fit(task, out)
    write_run(task, fitted, out)

    assert _same(load_keras().models.load_model(out / "model.keras"), fitted.model)
    card = json.loads((out / "model.json").read_text(encoding="utf-8"))
    assert (card["kind"], card["name"], card["labels"]) == ("classifier", "halves", ["left", "right"])
    assert card["country"]["name"] == "nepal"
    assert card["training"]["epochs"] == 2
    metrics = json.loads((out / "metrics.json").read_text(encoding="utf-8"))
    assert metrics["multiply_adds"] == 4 * 4 * 2 * 9 + 32 * 2
    assert metrics["metrics"][0]["count"] == 64
    assert len(read_samples(out / "representative.npz").pictures) == 4
    assert len(read_samples(out / "heldout.npz").pictures) == 6
    with (out / "history.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["epoch"] for row in rows] == ["1", "2"]
    assert {"loss", "score", "learning_rate", "seconds"} <= set(rows[0])
    assert not [path for path in out.iterdir() if path.name.startswith(".")]
