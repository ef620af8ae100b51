"""What lies in a folder."""

from pathlib import Path


def files_under(folder: Path) -> dict[str, bytes]:
    """Return every file's bytes by its path, with forward slashes."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }
