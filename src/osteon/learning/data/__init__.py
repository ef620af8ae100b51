"""Films as batches."""
