"""Films as pictures."""
