"""The folders of labelled pictures that training, calibration and benchmarks read, and their splits.

`plates/`: `labels.jsonl`, one photograph a line, and `images/`. `crops/`: the same of plate crops, for the reader
alone. `characters/`: one folder a class. `glyphs/`: more classes of single characters, listed in `index.csv`.
"""
