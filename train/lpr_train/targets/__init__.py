"""What a network shall answer: heat maps, and forced alignment of characters."""
