import json
from pathlib import Path

import pytest

from lpr_edge.contract.base.errors import LprError
from lpr_edge.contract.data.splits import SeenPictures, read_seen
from lpr_edge.contract.run.folder import SEEN
from lpr_edge.contract.run.samples import read_samples
from lpr_train.runs.pack import pack_run
from lpr_train.runs.run_folder import open_run, write_json
from lpr_train.tasks.characters.config import CharactersConfig
from lpr_train.tasks.characters.task import CharactersTask


def test_what_isnt_a_run_is_refused(tmp_path: Path) -> None:
    """The files that are missing are named."""
    with pytest.raises(LprError, match=r"lacks model\.keras or model\.json"):
        pack_run(tmp_path, tmp_path / "out")


@pytest.mark.slow
def test_a_packed_run_holds_weights_and_rendered_pictures_alone(tmp_path: Path) -> None:
    """No folder of the machine it was trained on, no optimiser, no real picture; weights, confidence are the run's."""
    run, out = tmp_path / "run", tmp_path / "packed"
    config = CharactersConfig(data="somewhere/of/someone", also="more/of/someone", representative=12, heldout=12)
    task = CharactersTask(CharactersConfig(representative=12, heldout=12))
    model = task.build()
    open_run(run, config)
    model.save(run / "model.keras")
    card = {
        "kind": "classifier",
        "name": "run",
        "training": {
            "data": config.data,
            "also": config.also,
            "init": "runs/of/someone/first",
            "began_from": {"data": config.data, "init": "", "reader": "someone/reader"},
        },
        **task.model_card_fields(),
    }
    write_json(run / "model.json", card)
    write_json(run / "metrics.json", {"kind": "classifier"})
    (run / SEEN).write_text(SeenPictures.of(["a" * 64]).to_json(), encoding="utf-8")
    write_json(run / "confidence.json", {"thresholds": {}})

    pack_run(run, out)

    assert read_seen(out) == SeenPictures.of(["a" * 64])

    told = json.loads((out / "model.json").read_text(encoding="utf-8"))
    assert told["name"] == "characters"
    before = {"data": "data", "init": "", "reader": "reader"}
    assert told["training"] == {"data": "data", "also": "also", "init": "first", "began_from": before}
    assert "someone" not in (out / "config.toml").read_text(encoding="utf-8") + json.dumps(told)
    for name in ("representative.npz", "heldout.npz"):
        assert read_samples(out / name).source == "rendered"
    from lpr_train.loop.warm_start import load_network

    packed = load_network(out / "model.keras").get_weights()
    assert all((a == b).all() for a, b in zip(packed, model.get_weights(), strict=True))
    assert (out / "confidence.json").read_bytes() == (run / "confidence.json").read_bytes()
    (run / "confidence.json").unlink()
    pack_run(run, out)
    assert not (out / "confidence.json").exists()  # an older network's would be wrong
