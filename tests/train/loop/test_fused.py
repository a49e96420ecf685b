"""Fused batch normalisation computes what Keras' own does."""

import numpy as np

from lpr_train.base.engine import load_keras, load_tensorflow
from lpr_train.loop.fused_batch_norm import fuse_batch_normalisation
from lpr_train.networks.detector import detector_network


def test_a_step_of_the_detector_is_the_same() -> None:
    """Outputs' gradients and the moving statistics, up to float32's rounding."""
    tf = load_tensorflow()
    load_keras().utils.set_random_seed(0)
    plain, fused = detector_network(64), detector_network(64)
    fused.set_weights(plain.get_weights())
    fuse_batch_normalisation(fused)
    pixels = tf.constant(np.random.default_rng(0).random((4, 64, 64, 3)), tf.float32)

    gradients = []
    for model in (plain, fused):
        with tf.GradientTape() as tape:
            loss = tf.add_n([tf.reduce_mean(tf.square(head)) for head in model(pixels, training=True).values()])
        gradients.append(tape.gradient(loss, model.trainable_variables))

    for one, other in zip(*gradients, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-2, atol=1e-5)
    for one, other in zip(plain.get_weights(), fused.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-6)
    assert np.abs(fused.get_weights()[3]).max() > 0  # the first mean has moved from where it began


def test_inference_takes_the_moving_statistics() -> None:
    """Fusing changes nothing that isn't training."""
    load_keras().utils.set_random_seed(0)
    model = detector_network(64)
    pixels = np.random.default_rng(0).random((2, 64, 64, 3)).astype(np.float32)
    before = {role: np.array(head) for role, head in model(pixels, training=False).items()}
    fuse_batch_normalisation(model)
    for role, head in model(pixels, training=False).items():
        np.testing.assert_array_equal(before[role], head)
