"""What a training run is to the other packages: its files, and the types of networks."""
