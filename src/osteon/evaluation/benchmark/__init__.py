"""Several models, the same films."""
