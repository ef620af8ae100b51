"""A trained network reads films; torch is not needed."""
