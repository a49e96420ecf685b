"""What every step uses: options, run folders, names of layers and operators, errors."""
