"""The job `osteon fetch`, against a plain file server on this machine."""

import functools
import hashlib
import http.server
import io
import json
import shlex
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from osteon.errors import SettingsFault
from osteon.jobs.fetch import fetch_collection


class SilentServer(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Stay silent."""


@pytest.fixture
def mirror(tmp_path: Path) -> Iterator[str]:
    """A mirror of figshare that serves files as they lie in a folder; it knows no ranges."""
    root = tmp_path / "mirror"
    (root / "articles").mkdir(parents=True)
    handler = functools.partial(SilentServer, directory=str(root))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        url = f"http://127.0.0.1:{server.server_port}"
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            archive.writestr("FracAtlas/images/Fractured/IMG0000019.jpg", b"film")
            archive.writestr("FracAtlas/dataset.csv", b"image_id\n")
        content = buffer.getvalue()
        (root / "FracAtlas.zip").write_bytes(content)
        file = {
            "id": 1,
            "name": "FracAtlas.zip",
            "size": len(content),
            "download_url": f"{url}/FracAtlas.zip",
            "supplied_md5": hashlib.md5(content).hexdigest(),
        }
        (root / "articles" / "22363012").write_text(json.dumps({"files": [file]}))
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield url
        finally:
            server.shutdown()
            thread.join()


def test_fracatlas_arrives_with_its_licence_and_the_next_command(
    mirror: str, tmp_path: Path
) -> None:
    """The job says where the films are, whom to name, and what to run next."""
    folder = tmp_path / "my films"
    result = fetch_collection("fracatlas", folder, figshare_url=mirror)
    assert (
        folder / "FracAtlas" / "images" / "Fractured" / "IMG0000019.jpg"
    ).read_bytes() == b"film"
    assert (result.folder, result.n_files, result.n_bytes) == (folder, 2, 13)
    assert "CC BY 4.0" in result.licence
    assert shlex.split(result.next_command) == [
        "osteon",
        "import",
        str(folder),
        "-o",
        "manifest.parquet",
    ]


def test_an_unknown_source_is_refused_before_anything_is_asked(tmp_path: Path) -> None:
    """A typing error costs no waiting."""
    with pytest.raises(SettingsFault, match="found 'fracatlass'"):
        fetch_collection("fracatlass", tmp_path / "films")
