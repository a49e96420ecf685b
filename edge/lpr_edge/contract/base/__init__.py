"""What the rest of the contract is built on: arrays, errors, files, settings and flags."""
