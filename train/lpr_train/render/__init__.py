"""Synthetic plates, characters and street scenes of any country that is described as data."""
