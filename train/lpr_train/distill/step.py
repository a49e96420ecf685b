"""The compiled training step of a teacher and its student."""

from typing import Any

from lpr_train.distill.network import JaxNetwork, Values
from lpr_train.loop.losses import Loss
from lpr_train.loop.soft_losses import distillation_loss
from lpr_train.tasks.reader.teacher import GAIN, NOISE, OFFSET


class DistillationStep:
    """Trains a teacher on the labels, and a student on the labels and on the teacher's outputs.

    Args:
        teacher: the large network.
        student: the network for the device, with the same outputs.
        losses: the loss of each output role on labels.
    """

    def __init__(self, teacher: JaxNetwork, student: JaxNetwork, losses: dict[str, Loss]) -> None:
        import jax

        self._teacher, self._student, self._losses = teacher, student, losses
        self.values = [teacher.values(), student.values()]
        self._step = jax.jit(self._all, donate_argnums=0)
        self._key = jax.random.key(0)

    def run(self, pixels: Any, targets: dict[str, Any], numbers: dict[str, float]) -> list[Any]:
        """Train on one batch; returns the losses of teacher and student, not yet waited for.

        Args:
            pixels: (N, H, W, C) uint8.
            targets: by role.
            numbers: `teacher_rate` and `student_rate` (learning rates), `decay` (of the EMA), `trust` (weight of the
                teacher's outputs) and `labels` (that of the labels), `change` (0 or 1: change the pixels at random).
        """
        import jax

        self._key, key = jax.random.split(self._key)
        losses, self.values = self._step(self.values, pixels, targets, numbers, key)
        return list(losses)

    def _all(
        self, values: list[Values], pixels: Any, targets: dict[str, Any], numbers: dict[str, Any], key: Any
    ) -> tuple[list[Any], list[Values]]:
        import jax.numpy as jnp

        image = changed(jnp.asarray(pixels, jnp.float32) / 255.0, key, numbers["change"])
        truth = {role: jnp.asarray(target, jnp.float32) for role, target in targets.items()}

        def on_labels(outputs: dict[str, Any]) -> Any:
            return sum(jnp.mean(loss(truth[role], outputs[role])) for role, loss in self._losses.items())

        of_teacher, of_student = values
        soft = self._teacher.smoothed(of_teacher, image)

        def on_both(outputs: dict[str, Any]) -> Any:
            return numbers["labels"] * on_labels(outputs) + numbers["trust"] * distillation_loss(outputs, soft)

        decay = numbers["decay"]
        teachers, of_teacher = self._teacher.learn(of_teacher, image, on_labels, numbers["teacher_rate"], decay)
        students, of_student = self._student.learn(of_student, image, on_both, numbers["student_rate"], decay)
        return [teachers, students], [of_teacher, of_student]


def changed(image: Any, key: Any, share: Any) -> Any:
    """Change contrast, brightness and noise of each image at random.

    Args:
        image: (N, H, W, C) float32 in [0, 1].
        key: JAX's random key.
        share: 0 leaves the images as they are, 1 changes them fully.
    """
    import jax
    import jax.numpy as jnp

    gains, offsets, noises, grain = jax.random.split(key, 4)
    each = (image.shape[0], 1, 1, 1)
    gain = 1.0 + share * GAIN * jax.random.uniform(gains, each, minval=-1.0)
    offset = share * OFFSET * jax.random.uniform(offsets, each, minval=-1.0)
    noise = share * NOISE * jax.random.uniform(noises, each) * jax.random.normal(grain, image.shape)
    return jnp.clip((image - 0.5) * gain + 0.5 + offset + noise, 0.0, 1.0)
