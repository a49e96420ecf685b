"""Batch normalisation by TensorFlow's fused operator during training, which makes steps faster."""

from types import MethodType
from typing import Any

from lpr_train.base.engine import KerasModel, load_keras, load_tensorflow


def fuse_batch_normalisation(model: KerasModel) -> None:
    """Make a network's batch normalisations compute their batch statistics in one operator, in place.

    Keras 3 composes them of several operators, each a pass over the activations. The result is the same up to rounding.
    Inference doesn't change, nor does a network that is saved or built again.

    Args:
        model: float32; its batch normalisations are over the last of four axes.
    """
    kind = load_keras().layers.BatchNormalization
    for layer in model._flatten_layers(include_self=False):
        if isinstance(layer, kind) and len(layer.input.shape) == 4 and layer.axis in (-1, 3):
            layer.call = MethodType(_call, layer)


def _call(self: Any, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
    """Replacement for `BatchNormalization.call`; becomes a method of the layer."""
    if not training or not self.trainable or mask is not None:
        return type(self).call(self, inputs, training=training, mask=mask)
    tf = load_tensorflow()
    outputs, mean, variance = tf.compat.v1.nn.fused_batch_norm(
        inputs, self.gamma, self.beta, epsilon=self.epsilon, is_training=True
    )
    count = tf.cast(tf.size(inputs) // tf.shape(inputs)[-1], tf.float32)
    population = variance * (count - 1.0) / count  # the operator returns the sample variance (Bessel)
    for kept, now in ((self.moving_mean, mean), (self.moving_variance, population)):
        kept.assign(kept * self.momentum + now * (1.0 - self.momentum))
    return outputs
