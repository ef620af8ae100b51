"""Osteon reads bone radiographs for fractures. Research use; not a medical device."""
