"""The command line: options in, a job called, words out; no logic."""

from osteon.cli.app import main

__all__ = ["main"]
