"""What a person does next where copies were never looked for: lines that can be pasted."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from osteon.cli.words import say

if TYPE_CHECKING:
    from rich.console import Console

    from osteon.release.card import Independence


def name_clean(manifest: Path) -> Path:
    """Return where the cleaned manifest goes, in the lines of `show_audit_steps`."""
    return manifest.with_name(f"{manifest.stem}-clean{manifest.suffix}")


def quote(path: Path) -> str:
    """Return a path as a shell takes it."""
    return shlex.quote(path.as_posix())


def show_audit_steps(console: "Console", known: "Independence", manifest: Path, *then: str) -> None:
    """Print how to look for copies; nothing where that was done.

    Args:
        console: Where to.
        known: Of the films' independence.
        manifest: That was used.
        then: Commands to run with the cleaned manifest, `name_clean(manifest)`.
    """
    if known.copies_looked_for:
        return
    audit = manifest.with_name(f"{manifest.stem}-audit")
    say(
        console,
        f"Next: osteon audit {quote(manifest)} -o {quote(audit)}",
        f"      osteon clean {quote(manifest)} --audit {quote(audit)} "
        f"-o {quote(name_clean(manifest))}",
        *(f"      {line}" for line in then),
    )
