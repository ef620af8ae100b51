"""Whether a label can be guessed without looking at bones."""
