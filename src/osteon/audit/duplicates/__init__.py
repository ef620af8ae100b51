"""Copies of a picture, however it was turned, cut or saved again."""
