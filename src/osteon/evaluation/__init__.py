"""Numbers only: how good a network is, and how sure of that we can be."""
