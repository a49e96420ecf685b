"""Training of the detector on augmented real photographs and rendered street scenes."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from lpr_edge.contract.base.arrays import Floats, Image
from lpr_edge.contract.base.pictures import file_sha256
from lpr_edge.contract.countries import load_country
from lpr_edge.contract.geometry import quad_size
from lpr_edge.contract.preprocess import InputSpec, prepare
from lpr_edge.contract.run.samples import Samples, picture_sha256
from lpr_train.augment.occlusion import occlude_plates
from lpr_train.base.engine import KerasModel
from lpr_train.base.licence import licence_note
from lpr_train.base.stored_samples import calibration_samples, proving_samples
from lpr_train.base.task import HELD_OUT, RENDERED, UNSEEN, Examples, Measured
from lpr_train.data.photo_folders import load_tests, load_training
from lpr_train.data.photos import Photo, Scene, chooses_epoch, mirror
from lpr_train.data.pool import RenewedPool
from lpr_train.data.sampling_weights import balanced
from lpr_train.data.scene_views import ViewConfig, view
from lpr_train.loop.losses import peak_loss, weighted_l1, weighted_shares
from lpr_train.networks.detector import STRIDE, detector_network
from lpr_train.render.draw.degrade import degrade
from lpr_train.render.plate.glyphs import GlyphBook
from lpr_train.render.plate.plates import PlateRenderer
from lpr_train.render.scene.repaint import cut_out, paste_plate
from lpr_train.render.scene.scenes import SceneRenderer
from lpr_train.targets.heat_maps import plate_targets
from lpr_train.tasks.detector.config import DetectorConfig
from lpr_train.tasks.detector.metrics import THRESHOLDS, detect_all, detector_metrics, hard_examples, photo_outcomes

MIN_PHOTOS = 100
"""Photographs below which a run advises to label more."""


class DetectorTask:
    """The training task of the detector."""

    kind = "detector"

    def __init__(self, config: DetectorConfig) -> None:
        """Load and split the photographs.

        Raises:
            DataError: the data folder has no plates, or broken ones.
        """
        self.config = config
        self._country = load_country(config.country)
        self._plates = PlateRenderer(self._country, GlyphBook(self._country))
        self._scenes = SceneRenderer(self._country, self._plates)
        self._plate_pool = RenewedPool(self._plates.render, config.seed, size=600)
        self._scene_pool = RenewedPool(self._rendered, config.seed, size=400, uses=20)
        self._spec = InputSpec((config.input_size, config.input_size), 3, "rgb", "letterbox")
        self._view = ViewConfig()
        self._threshold = config.score_threshold
        loaded = load_training(config)
        self._photos, self._others, self._others_are = loaded.training, loaded.others, loaded.others_are
        self._evaluation = loaded.held_out
        self._shown = balanced([photo.scene for photo in self._photos], [photo.is_other for photo in self._photos])
        self._cut_out = [cut_out(photo.scene.image_bgr, quad) for photo in self._photos for quad in photo.scene.quads]

    def learnt_sha256(self) -> set[str]:
        """SHA-256 of the training photographs."""
        return {file_sha256(photo.path) for photo in self._photos} if self.config.real_share > 0 else set()

    def build(self) -> KerasModel:
        """Build the network of `networks.detector`."""
        return detector_network(self.config.input_size)

    def losses(self) -> dict[str, Callable[[Any, Any], Any]]:
        """Focal loss for the heat map; losses for corners and rotation at the peaks only."""
        return {"centre": peak_loss, "corners": weighted_l1(20.0), "turn": weighted_shares(0.3)}

    def sample(self, index: int) -> tuple[Image, dict[str, Floats]]:
        """A random view of a photograph or of a rendered scene."""
        scene = self._scene(index)
        pixels = prepare(scene.image_bgr, self._spec).pixels[0]
        return pixels, plate_targets(scene.quads, scene.ignored, self._spec.size_hw, STRIDE, scene.loose)

    def _scene(self, index: int) -> Scene:
        rng = np.random.default_rng((self.config.seed, index))
        is_real = bool(self._photos) and rng.random() < self.config.real_share
        scene = self._photographed(index, rng) if is_real else self._scene_pool.draw(index, rng)
        has_photos = bool(self._photos) and self.config.real_share > 0
        behind = self._photos[rng.integers(len(self._photos))].scene if has_photos else scene
        return self._seen(scene, behind, rng)

    def _seen(self, scene: Scene, behind: Scene, rng: np.random.Generator) -> Scene:
        """A random view of a scene, with another one around it."""
        seen = view(scene, behind, self.config.input_size, rng, self._view)
        image = occlude_plates(seen.image_bgr, seen.quads, self.config.occlusion_share, rng)
        return replace(seen, image_bgr=degrade(image, rng, self.config.strength * rng.random()))

    def _photographed(self, index: int, rng: np.random.Generator) -> Scene:
        scene = self._shown[rng.integers(len(self._shown))]
        if rng.random() < 0.5:
            scene = mirror(scene)
        if rng.random() < self.config.repaint_share:
            scene = self._repainted(scene, index, rng)
        return scene

    def _repainted(self, scene: Scene, index: int, rng: np.random.Generator) -> Scene:
        image = scene.image_bgr.copy()
        for quad in scene.quads:
            width, height = quad_size(quad)
            candidates = self._other_plates(index, rng)
            fitting = min(candidates, key=lambda c: abs(np.log(c.shape[1] / c.shape[0] * height / max(width, 1.0))))
            image = paste_plate(image, quad, fitting, rng)
        return replace(scene, image_bgr=image)

    def _other_plates(self, index: int, rng: np.random.Generator) -> list[Image]:
        if rng.random() < self.config.swap_share:
            return [self._cut_out[rng.integers(len(self._cut_out))] for _ in range(3)]
        return [self._plate_pool.draw(index, rng).image_bgr for _ in range(3)]

    def learn_from(self, model: KerasModel) -> None:
        """Collect false positives as hard negatives, and photographs with mistakes as hard examples."""
        weighed = hard_examples(model, self._photos, self._spec, self.config.hard_example_weight)
        self._shown = balanced([scene for scene, _ in weighed], [is_other for _, is_other in weighed])

    def _rendered(self, rng: np.random.Generator) -> Scene:
        size_hw = [(480, 640), (640, 480), (560, 560), (720, 540)][rng.integers(4)]
        scene = self._scenes.render(rng, size_hw)
        return Scene(scene.image_bgr, tuple(plate.quad_xy for plate in scene.plates))

    @cached_property
    def _evaluation_scenes(self) -> list[Scene]:
        """Scenes for validation: held-out photographs, or rendered scenes."""
        return [photo.evaluated for photo in self._evaluation] or self._rendered_scenes

    @cached_property
    def _rendered_scenes(self) -> list[Scene]:
        rng = np.random.default_rng((self.config.seed, UNSEEN))
        return [self._rendered(rng) for _ in range(100)]

    def validate(self, model: KerasModel) -> dict[str, float]:
        """Recall and precision at IoU 0.5, and the score over `OVERLAPS` if it chooses the epoch.

        Where photographs of `also` are compared, the score is the mean of theirs and that.
        """
        figures = self._figures(model)
        if not self._chooses:
            del figures["score"]
        elif self._others:
            figures["others_f1"] = self._f1(model, self._others).value
            figures["score"] = (figures["score"] + figures["others_f1"]) / 2
        return figures

    @property
    def _chooses(self) -> bool:
        return chooses_epoch(self.config.folds, self._photos, self._evaluation)

    def _figures(self, model: KerasModel) -> dict[str, float]:
        """Recall and precision at the best threshold, or at the settings' own if validation may not choose."""
        limits = THRESHOLDS if self._chooses else [self.config.score_threshold]
        figures = detector_metrics(model, self._evaluation_scenes, self._spec, limits)
        self._threshold = figures.pop("threshold")
        return figures

    def final_metrics(self, model: KerasModel) -> list[dict[str, Any]]:
        """The same metrics for the kept weights."""
        figures = self._figures(model)
        count = sum(len(scene.quads) for scene in self._evaluation_scenes)
        where = {"data": "plates" if self._evaluation else "rendered", "split": "held out of training", "count": count}
        return [where | {"metric": name, "value": value} for name, value in figures.items()]

    def measure(self, model: KerasModel) -> list[Measured]:
        """Mean F1 over `OVERLAPS` on held-out and rendered scenes and those of `also`, each at its best threshold."""
        sets = {HELD_OUT: self._evaluation, self._others_are: self._others}
        rendered = self._f1_of(model, RENDERED, self._rendered_scenes)
        return [*(self._f1(model, photos, name) for name, photos in sets.items() if photos), rendered]

    def measure_tests(self, model: KerasModel) -> list[Measured]:
        """Mean F1 over `OVERLAPS` on the test splits."""
        return [self._f1(model, photos, name) for name, photos in load_tests(self.config).items()]

    def _f1(self, model: KerasModel, photos: Sequence[Photo], name: str = "") -> Measured:
        return self._f1_of(model, name, [photo.evaluated for photo in photos])

    def _f1_of(self, model: KerasModel, name: str, scenes: list[Scene]) -> Measured:
        score = detector_metrics(model, scenes, self._spec)["score"]
        return Measured(name, "F1", score, sum(len(scene.quads) for scene in scenes))

    def examples(self) -> Examples | None:
        """The training photographs with a plate."""
        own = [photo for photo in self._photos if photo.labels and not photo.is_other]
        return Examples("photographs with a plate", len(own), MIN_PHOTOS) if self.config.data else None

    def outcomes(self, model: KerasModel) -> list[dict[str, Any]]:
        """Which held-out plates are detected, and the false positives; widths in pixels of the reduced photograph."""
        found = detect_all(model, self._evaluation_scenes, self._spec)
        return [
            outcome
            for photo, (boxes, _) in zip(self._evaluation, found, strict=True)
            for outcome in photo_outcomes(photo, [quad for score, quad in boxes if score >= self._threshold])
        ]

    def representative(self, count: int) -> Samples:
        """Whole training images as the device sees them; where they are few, rendered scenes too."""
        rng = np.random.default_rng((self.config.seed, UNSEEN + 1))
        photos = [self._photos[i] for i in rng.permutation(len(self._photos))[:count]]
        own = self._samples([p.scene for p in photos], "plates, training split", photos) if photos else None
        return calibration_samples(own, self._rendered_for_training, count)

    def _rendered_for_training(self, count: int) -> Samples:
        """Views of rendered scenes as they are trained on."""
        rngs = {i: np.random.default_rng((self.config.seed, i)) for i in range(UNSEEN // 2, UNSEEN // 2 + count)}
        scenes = [(self._scene_pool.draw(index, rng), rng) for index, rng in rngs.items()]
        return self._samples([self._seen(scene, scene, rng) for scene, rng in scenes], "rendered")

    def heldout(self, count: int) -> Samples:
        """Held-out scenes for parity, with plate corners in input pixels; where they are few, rendered ones too."""
        photos = self._evaluation[:count]
        own = self._samples([p.evaluated for p in photos], "plates, held out", photos) if photos else None
        return proving_samples(own, self._rendered_samples, count)

    def _rendered_samples(self, count: int) -> Samples:
        rng = np.random.default_rng((self.config.seed, UNSEEN + 2))
        return self._samples([self._rendered(rng) for _ in range(count)], "rendered")

    def _samples(self, scenes: list[Scene], source: str, photos: list[Photo] | None = None) -> Samples:
        prepared = [prepare(scene.image_bgr, self._spec) for scene in scenes]
        pictures = tuple(p.pixels[0] for p in prepared)
        truth = [
            [(quad * p.scale_xy).round(2).tolist() for quad in scene.quads]
            for scene, p in zip(scenes, prepared, strict=True)
        ]
        hashes = [file_sha256(p.path) for p in photos] if photos else [picture_sha256(picture) for picture in pictures]
        return Samples(pictures, source, tuple(hashes), tuple(truth), self.config.seed)

    def model_card_fields(self) -> dict[str, Any]:
        """Input, labels and thresholds for the manifest."""
        return {
            "labels": [],
            "input": self._spec.to_dict(),
            "thresholds": {"score": round(self._threshold, 3), "overlap": 0.3},
            "licence": licence_note(bool(self.config.data)),
        }

    def plots(self, model: KerasModel, out: Path) -> None:
        """Draw the held-out scenes with the detections."""
        from lpr_train.report.predictions import draw_found_plates

        draw_found_plates(model, self._evaluation_scenes[:24], self._spec, self._threshold, out / "found.png")
