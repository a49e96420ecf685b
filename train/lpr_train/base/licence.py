"""The licence note of a trained model."""


def licence_note(has_data: bool) -> str:
    """The licence note for the model card; it depends on whether real images were used for training."""
    if not has_data:
        return "Apache-2.0; trained on rendered pictures alone"
    return "code Apache-2.0; weights trained on data that is for research use only (see the model card)"
