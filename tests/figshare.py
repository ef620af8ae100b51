"""A small figshare on this machine, whose troubles a test chooses."""

import hashlib
import io
import json
import os
import zipfile
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path

from osteon.collection.fetch.downloads import Patience
from osteon.collection.fetch.sources import fetch_figshare
from osteon.collection.fetch.unpack import Contents

ARTICLE = 7
FILMS = {
    "Films/骨折/1.jpg": os.urandom(300_000),
    "Films/нет/2 ю.jpg": os.urandom(400_000),
    "Films/dataset.csv": b"image_id,fractured\n1.jpg,1\n",
}
SOON = Patience(n_tries=4, pause_s=0.001, timeout_s=5)


def zip_of(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


@dataclass
class Site:
    """What the server serves, what goes wrong, and what it was asked.

    Attributes:
        files: Published name → bytes.
        md5: Published name → a checksum other than the true one.
        size: Published name → a size other than the true one.
        statuses: Path → statuses to answer with, one per request, before all is well.
        drop_after: Bytes after which the connection is cut, one entry per download.
        redirects: Path → where it points.
        etags: Published name → ETag; by default a strong one made from the bytes.
        honours_if_range: False for a server that ignores If-Range.
        asked: (path, Range, If-Range) of every request.
    """

    files: dict[str, bytes] = field(default_factory=dict)
    md5: dict[str, str] = field(default_factory=dict)
    size: dict[str, int] = field(default_factory=dict)
    statuses: dict[str, list[int]] = field(default_factory=dict)
    drop_after: list[int] = field(default_factory=list)
    redirects: dict[str, str] = field(default_factory=dict)
    etags: dict[str, str] = field(default_factory=dict)
    honours_if_range: bool = True
    asked: list[tuple[str, str | None, str | None]] = field(default_factory=list)
    url: str = ""
    article: bytes | None = None

    def article_json(self) -> bytes:
        """The article as figshare describes it, with keys that we do not read."""
        if self.article is not None:
            return self.article
        files = [
            {
                "id": number,
                "name": name,
                "size": self.size.get(name, len(content)),
                "is_link_only": False,
                "download_url": f"{self.url}/files/{name}",
                "supplied_md5": "",
                "computed_md5": self.md5.get(name, hashlib.md5(content).hexdigest()),
                "mimetype": "application/zip",
            }
            for number, (name, content) in enumerate(self.files.items())
        ]
        return json.dumps({"id": ARTICLE, "title": "Films", "files": files}).encode()

    def name_at(self, path: str) -> str:
        """The published name behind a download's path."""
        last = path.rsplit("/", 1)[1]
        return list(self.files)[int(last)] if "/file/download/" in path else last

    def downloads(self) -> list[tuple[str | None, str | None]]:
        """Range and If-Range of every request for a file."""
        return [asked[1:] for asked in self.asked if "file" in asked[0]]


class Handler(BaseHTTPRequestHandler):
    """Answers as the site of its server says."""

    def do_GET(self) -> None:
        site: Site = self.server.site
        site.asked.append((self.path, self.headers["Range"], self.headers["If-Range"]))
        if self.path in site.redirects:
            self.send_response(302)
            self.send_header("Location", site.redirects[self.path])
            self.end_headers()
        elif site.statuses.get(self.path):
            self.send(site.statuses[self.path].pop(0), b"", {})
        elif self.path == f"/articles/{ARTICLE}":
            self.send(200, site.article_json(), {})
        elif (name := site.name_at(self.path)) in site.files:
            self.send_file(site, name)
        else:
            self.send_error(404)

    def send_file(self, site: Site, name: str) -> None:
        content = site.files[name]
        etag = site.etags.get(name, f'"{hashlib.sha1(content).hexdigest()}"')
        headers = {"ETag": etag}
        status, start = 200, 0
        is_same = self.headers["If-Range"] == etag or not site.honours_if_range
        if self.headers["Range"] and is_same:
            status = 206
            start = int(self.headers["Range"].removeprefix("bytes=").removesuffix("-"))
            headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
        n_sent = site.drop_after.pop(0) if site.drop_after else None
        self.send(status, content[start:], headers, n_sent=n_sent)

    def send(
        self, status: int, content: bytes, headers: dict[str, str], *, n_sent: int | None = None
    ) -> None:
        self.send_response(status)
        for key, value in headers.items():
            self.send_header(key, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content[:n_sent])

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Stay silent."""


def fetch(site: Site, folder: Path, **options: object) -> Contents:
    return fetch_figshare(ARTICLE, folder, base_url=site.url, patience=SOON, **options)
