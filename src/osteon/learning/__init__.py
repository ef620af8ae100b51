"""A recipe and a collection become a network; torch lives here and nowhere else."""
