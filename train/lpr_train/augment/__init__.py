"""Augmentation of real samples: occlusion, copy-paste, row layout."""
