"""The article's classifier of single characters: 675,468 parameters at 128×128 with 12 classes."""

from lpr_train.base.engine import KerasModel, load_keras

FILTERS = (32, 64, 96, 128, 160, 192)
"""Filters of the convolutions; all but the first are followed by batch normalisation and max pooling."""
DENSE = 128


def baseline_classifier(size_hw: tuple[int, int], labels: int) -> KerasModel:
    """Build the network.

    It stays as published, as a reference for comparisons: plain 3×3 convolutions without padding, with biases before
    batch normalisation. `networks.classifier` needs far fewer multiplications.

    Args:
        size_hw: height and width of the input in pixels; 128×128 in the article.
        labels: number of classes.

    Returns:
        A model from `image` (N, *size_hw, 3) in [0, 1] to `scores` (N, labels), softmax.
    """
    keras = load_keras()
    layers = keras.layers
    image = layers.Input((*size_hw, 3), name="image")
    x = layers.Conv2D(FILTERS[0], 3, activation="relu")(image)
    for filters in FILTERS[1:]:
        x = layers.Conv2D(filters, 3, activation="relu")(x)
        x = layers.MaxPooling2D()(layers.BatchNormalization()(x))
    x = layers.Dense(DENSE, activation="relu")(layers.GlobalMaxPooling2D()(x))
    scores = layers.Dense(labels, activation="softmax", name="scores")(x)
    return keras.Model(image, {"scores": scores}, name="characters_baseline")
