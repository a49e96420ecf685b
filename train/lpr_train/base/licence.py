"""What may be done with a network's weights."""


def licence_note(has_data: bool) -> str:
    """The note that a model carries, by whether real pictures trained it."""
    if not has_data:
        return "Apache-2.0; trained on rendered pictures alone"
    return "code Apache-2.0; weights trained on data that is for research use only (see the model card)"
