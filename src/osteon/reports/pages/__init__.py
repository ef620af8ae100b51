"""Pages and texts that people read."""
