"""Public collections arrive from a real server on this machine, whose troubles a test chooses."""

import hashlib
import io
import json
import os
import re
import sys
import tarfile
import threading
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from osteon.collection.downloads import Patience, check_url
from osteon.collection.placing import Contents, PlacingLimits
from osteon.collection.sources import (
    KNOWN_SOURCES,
    fetch_figshare,
    fetch_kaggle,
    parse_source,
)
from osteon.errors import (
    ChecksumMismatch,
    FetchFault,
    OsteonError,
    OutputFault,
    SettingsFault,
    SourceUnreachable,
    UnsafeArchive,
)

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


def files_under(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


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


@pytest.fixture
def site() -> Iterator[Site]:
    """A small figshare on a free port of this machine, with one archive of films."""
    site = Site(files={"Films.zip": zip_of(FILMS)})
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.site = site
        site.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield site
        finally:
            server.shutdown()
            thread.join()


def fetch(site: Site, folder: Path, **options: object) -> Contents:
    return fetch_figshare(ARTICLE, folder, base_url=site.url, patience=SOON, **options)


def test_a_collection_arrives_whole(site: Site, tmp_path: Path) -> None:
    """One call: every film at its place, nothing else left, every byte told on the way."""
    told: list[tuple[str, int, int]] = []
    contents = fetch(site, tmp_path / "films", progress=lambda *step: told.append(step))
    assert files_under(tmp_path / "films") == FILMS
    assert contents == Contents(n_files=3, n_bytes=sum(map(len, FILMS.values())))
    assert [path.name for path in tmp_path.iterdir()] == ["films"]
    size = len(site.files["Films.zip"])
    assert ("fetch Films.zip", size, size) in told
    assert told[-1][:2] == ("unpack", contents.n_bytes)


def test_several_files_have_places_of_their_own(site: Site, tmp_path: Path) -> None:
    """Beside other files an archive fills a folder of its own; other files stay plain."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        entry = tarfile.TarInfo("./3.jpg")
        entry.size = 5
        archive.addfile(entry, io.BytesIO(b"three"))
    site.files = {"A.zip": zip_of({"1.jpg": b"1"}), "B.tar.gz": buffer.getvalue(), "C.csv": b"c"}
    fetch(site, tmp_path / "films")
    assert files_under(tmp_path / "films") == {
        "A/1.jpg": b"1",
        "B/3.jpg": b"three",
        "C.csv": b"c",
    }


def test_a_dropped_connection_is_continued(site: Site, tmp_path: Path) -> None:
    """After the line breaks, only the rest is asked for, and only of the same file."""
    site.drop_after = [250_000, 100_000]
    fetch(site, tmp_path / "films")
    assert files_under(tmp_path / "films") == FILMS
    etag = f'"{hashlib.sha1(site.files["Films.zip"]).hexdigest()}"'
    assert site.downloads() == [
        (None, None),
        ("bytes=250000-", etag),
        ("bytes=350000-", etag),
    ]


def test_the_next_run_continues_what_the_last_one_left(site: Site, tmp_path: Path) -> None:
    """A download that gave up is continued by running the same command again."""
    site.drop_after = [1000, 1000, 1000, 1000]
    with pytest.raises(SourceUnreachable, match="broke off") as gave_up:
        fetch(site, tmp_path / "films")
    assert "run the same command again" in str(gave_up.value)
    assert not (tmp_path / "films").exists()
    site.asked.clear()
    fetch(site, tmp_path / "films")
    assert site.downloads()[0][0] == "bytes=4000-"
    assert files_under(tmp_path / "films") == FILMS


def test_a_finished_download_is_not_fetched_twice(site: Site, tmp_path: Path) -> None:
    """When only unpacking went wrong, the bytes that arrived are used again."""
    site.files = {"Films.zip": zip_of({"../evil.jpg": b"1"})}
    for _ in range(2):
        with pytest.raises(UnsafeArchive, match=re.escape("found '../evil.jpg'")):
            fetch(site, tmp_path / "films")
    assert len(site.downloads()) == 1


@pytest.mark.parametrize("honours_if_range", [True, False])
def test_a_file_that_changed_starts_anew(
    site: Site, tmp_path: Path, *, honours_if_range: bool
) -> None:
    """Halves of two different files are never put together, whatever the server does."""
    site.drop_after = [1000] * 4
    content = site.files["Films.zip"]
    new_md5 = hashlib.md5(content).hexdigest()
    site.files = {"Films.zip": content[::-1]}
    site.md5 = {"Films.zip": new_md5}
    with pytest.raises(SourceUnreachable):
        fetch(site, tmp_path / "films")
    site.files = {"Films.zip": content}
    site.honours_if_range = honours_if_range
    site.asked.clear()
    fetch(site, tmp_path / "films")
    assert site.downloads()[0][0] == "bytes=4000-"
    assert files_under(tmp_path / "films") == FILMS


def test_a_server_without_a_firm_etag_starts_anew(site: Site, tmp_path: Path) -> None:
    """A weak ETag does not promise equal bytes, so nothing is continued on its word."""
    site.etags = {"Films.zip": 'W/"abc"'}
    site.drop_after = [1000]
    fetch(site, tmp_path / "films")
    assert site.downloads() == [(None, None), (None, None)]
    assert files_under(tmp_path / "films") == FILMS


def test_a_wrong_checksum_is_refused(site: Site, tmp_path: Path) -> None:
    """What differs from what was published is neither unpacked nor kept."""
    site.md5 = {"Films.zip": "0" * 32}
    with pytest.raises(ChecksumMismatch, match=r"Films\.zip: must be .* with MD5 0{32}"):
        fetch(site, tmp_path / "films")
    assert not (tmp_path / "films").exists()
    assert list(tmp_path.rglob("*.part")) == []


def test_a_file_longer_than_published_is_refused(site: Site, tmp_path: Path) -> None:
    """A server that goes on sending is stopped."""
    site.size = {"Films.zip": 1000}
    told: list[int] = []
    with pytest.raises(ChecksumMismatch, match="1,000 bytes"):
        fetch(site, tmp_path / "films", progress=lambda _what, done, _total: told.append(done))
    assert max(told) < len(site.files["Films.zip"])
    assert list(tmp_path.rglob("*.part")) == []


@pytest.mark.parametrize("path", [f"/articles/{ARTICLE}", "/files/Films.zip"])
def test_a_passing_trouble_is_waited_out(site: Site, tmp_path: Path, path: str) -> None:
    """A server that is down for a moment costs a pause, not the collection."""
    site.statuses = {path: [500, 503, 429]}
    fetch(site, tmp_path / "films")
    assert files_under(tmp_path / "films") == FILMS


def test_a_server_that_stays_down_is_named(site: Site, tmp_path: Path) -> None:
    """Asking ends after a limited number of tries, with the status and what to do."""
    site.statuses = {f"/articles/{ARTICLE}": [500] * 100}
    with pytest.raises(SourceUnreachable, match="found 'HTTP status 500'"):
        fetch(site, tmp_path / "films")
    assert len(site.asked) == SOON.n_tries


def test_an_article_that_is_not_there_is_not_asked_for_twice(site: Site, tmp_path: Path) -> None:
    """A clear no is taken for a no."""
    with pytest.raises(SourceUnreachable, match="HTTP status 404"):
        fetch_figshare(8, tmp_path / "films", base_url=site.url, patience=SOON)
    assert len(site.asked) == 1


@pytest.mark.parametrize("status", [202, 403, 404])
def test_a_guarded_download_host_is_walked_around(site: Site, tmp_path: Path, status: int) -> None:
    """Where figshare's download host wants a browser (an empty 202), its API gives the file."""
    site.statuses = {"/files/Films.zip": [status] * 100}
    fetch(site, tmp_path / "films")
    assert site.asked[-1][0] == "/file/download/0"
    assert files_under(tmp_path / "films") == FILMS


def test_a_redirect_is_followed_with_its_range(site: Site, tmp_path: Path) -> None:
    """Every download is handed on to a store; continuing works there too."""
    site.redirects = {"/files/Films.zip": "/store-files/Films.zip"}
    site.drop_after = [1000]
    fetch(site, tmp_path / "films")
    assert site.asked[-1][:2] == ("/store-files/Films.zip", "bytes=1000-")
    assert files_under(tmp_path / "films") == FILMS


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("http://films.example/Films.zip", "https addresses only; found 'http'"),
        ("ftp://films.example/Films.zip", "https addresses only; found 'ftp'"),
        ("file:///etc/passwd", "HTTP status 302"),
    ],
)
def test_a_redirect_away_from_https_is_refused(
    site: Site, tmp_path: Path, target: str, said: str
) -> None:
    """No redirect leads to an open connection or to a file of this machine."""
    site.redirects = {"/files/Films.zip": target, "/file/download/0": target}
    with pytest.raises(SourceUnreachable, match=said):
        fetch(site, tmp_path / "films")
    assert not (tmp_path / "films").exists()


@pytest.mark.parametrize(
    ("url", "came_from"),
    [
        ("http://api.figshare.com/v2", None),
        ("http://localhost.films.example/", None),
        ("file:///etc/passwd", None),
        ("http://127.0.0.1/films", "https://api.figshare.com/v2"),
        ("http://films.example/", "http://127.0.0.1:80/"),
    ],
)
def test_only_https_is_asked(url: str, came_from: str | None) -> None:
    """Anything but https is refused, and strangers never send us to this machine."""
    with pytest.raises(SourceUnreachable, match="https"):
        check_url(url, came_from=came_from)


def test_an_article_cannot_name_an_open_address(site: Site, tmp_path: Path) -> None:
    """The addresses inside the article are held to the same rule, before the first is asked."""
    site.files["More.zip"] = b"more"
    article = site.article_json()
    site.article = article.replace(
        f"{site.url}/files/More".encode(), b"http://films.example/files/More"
    )
    with pytest.raises(SourceUnreachable, match="https"):
        fetch(site, tmp_path / "films")
    assert site.downloads() == []


def test_nobody_there_is_said_plainly(tmp_path: Path) -> None:
    """Without a network the person is told so in our words."""
    with pytest.raises(SourceUnreachable, match="found 'no answer'"):
        fetch_figshare(ARTICLE, tmp_path / "films", base_url="http://127.0.0.1:1", patience=SOON)


@pytest.mark.parametrize(
    "answer",
    [
        b"<html>maintenance</html>",
        b"{}",
        b'{"files": []}',
        b'{"files": [{"id": 1, "name": "a", "size": -1, "download_url": "https://a"}]}',
        b'{"files": [{"id": 1, "name": "a", "size": 1, "download_url": "http://127.0.0.1"}]}',
    ],
)
def test_an_answer_that_lists_no_checked_files_is_refused(
    site: Site, tmp_path: Path, answer: bytes
) -> None:
    """A page in place of the list, or a file without a checksum, ends in a clear error."""
    site.article = answer
    with pytest.raises(FetchFault, match="MD5") as refused:
        fetch(site, tmp_path / "films")
    assert "validation error" not in str(refused.value)


def test_an_article_cannot_place_a_file_elsewhere(site: Site, tmp_path: Path) -> None:
    """The published name of a file is held to the rules of an archive's member."""
    site.files = {"..": b"1", "b.csv": b"2"}
    with pytest.raises(UnsafeArchive):
        fetch(site, tmp_path / "films")


def test_a_target_that_exists_is_refused_before_anything_is_asked(
    site: Site, tmp_path: Path
) -> None:
    """Nobody waits for a download that has nowhere to go."""
    with pytest.raises(OutputFault, match="must not exist yet"):
        fetch(site, tmp_path)
    assert site.asked == []


@pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot limit a process's file size")
def test_a_full_disk_is_no_network_trouble(site: Site, tmp_path: Path) -> None:
    """When the disk takes no more, the download stops at once and says so."""
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, hard))
    try:
        with pytest.raises(OutputFault, match="room"):
            fetch(site, tmp_path / "films")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert len(site.downloads()) == 1
    fetch(site, tmp_path / "films")
    assert files_under(tmp_path / "films") == FILMS


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    """What kagglehub leaves: a folder of films below its cache."""
    folder = tmp_path / "cache" / "versions" / "1"
    for name, content in FILMS.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def giving(folder: Path) -> Callable[[str], str]:
    return lambda _handle: str(folder)


def test_a_kaggle_set_is_copied_out_of_the_cache(cache: Path, tmp_path: Path) -> None:
    """The films are the person's own: changing one leaves kagglehub's cache as it was."""
    asked: list[str] = []

    def download(handle: str) -> str:
        asked.append(handle)
        return str(cache)

    contents = fetch_kaggle("owner/name", tmp_path / "films", download=download)
    assert asked == ["owner/name"]
    assert contents == Contents(n_files=3, n_bytes=sum(map(len, FILMS.values())))
    assert files_under(tmp_path / "films") == FILMS
    (tmp_path / "films" / "Films" / "dataset.csv").write_bytes(b"changed")
    assert files_under(cache) == FILMS


def test_kagglehub_says_nothing_on_standard_output(
    cache: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A program that reads our standard output reads only us."""

    def download(_handle: str) -> str:
        sys.stdout.write("a stranger's message")
        return str(cache)

    fetch_kaggle("owner/name", tmp_path / "films", download=download)
    assert capsys.readouterr().out == ""


def test_a_cache_that_is_itself_a_link_is_followed(cache: Path, tmp_path: Path) -> None:
    """Notebook services hand over a mount through a link."""
    (tmp_path / "mount").symlink_to(cache)
    fetch_kaggle("owner/name", tmp_path / "films", download=giving(tmp_path / "mount"))
    assert files_under(tmp_path / "films") == FILMS


@pytest.mark.parametrize("target", ["/etc", "/etc/passwd", "dataset.csv", "nowhere"])
def test_links_in_the_cache_are_refused(cache: Path, tmp_path: Path, target: str) -> None:
    """No link is followed out of the cache, nor within it."""
    (cache / "Films" / "odd").symlink_to(target)
    with pytest.raises(UnsafeArchive, match="no link and no device; found 'Films/odd'"):
        fetch_kaggle("owner/name", tmp_path / "films", download=giving(cache))
    assert not (tmp_path / "films").exists()


def test_what_kaggle_gives_is_limited_too(cache: Path, tmp_path: Path) -> None:
    """Count and size are limited for a copy as for an archive."""
    for limits in (PlacingLimits(n_entries=2), PlacingLimits(n_bytes=500_000)):
        with pytest.raises(UnsafeArchive):
            fetch_kaggle("owner/name", tmp_path / "films", download=giving(cache), limits=limits)
    assert not (tmp_path / "films").exists()


def test_no_network_to_kaggle_is_said_plainly(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The real kagglehub without a network: our words, and how to say who asks."""
    for name in ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    monkeypatch.setenv("KAGGLE_CONFIG_DIR", str(tmp_path))
    monkeypatch.setenv("KAGGLEHUB_CACHE", str(tmp_path / "cache"))
    with pytest.raises(SourceUnreachable) as refused:
        fetch_kaggle("owner/name", tmp_path / "films")
    said = str(refused.value)
    assert said.startswith("kaggle:owner/name: must be reachable on Kaggle.")
    assert "KAGGLE_USERNAME and KAGGLE_KEY" in said
    assert "roxy" not in said
    assert not (tmp_path / "films").exists()


def test_what_kagglehub_says_is_never_repeated(tmp_path: Path) -> None:
    """A stranger's text, which may hold anything, stays out of our errors."""

    def download(_handle: str) -> str:
        raise ValueError("key=abc123")

    with pytest.raises(OsteonError) as refused:
        fetch_kaggle("owner/name", tmp_path / "films", download=download)
    assert "abc123" not in str(refused.value)


def test_a_full_cache_is_no_network_trouble(tmp_path: Path) -> None:
    """When kagglehub's own cache cannot be written, that place is named."""

    def download(_handle: str) -> str:
        (tmp_path / "file").write_bytes(b"")
        (tmp_path / "file" / "cache").mkdir()
        return ""

    with pytest.raises(OutputFault, match="cache"):
        fetch_kaggle("owner/name", tmp_path / "films", download=download)


@pytest.mark.parametrize("name", KNOWN_SOURCES)
def test_short_names_are_known_with_their_licence(name: str) -> None:
    """Every short name leads to a source, and says what may be done with it."""
    source = parse_source(name)
    assert source.licence
    assert source.page.startswith("https://")
    if source.host == "kaggle":
        assert parse_source(f"kaggle:{source.handle}") == source


def test_a_stranger_s_set_says_that_its_licence_is_unknown() -> None:
    """For a set that Osteon does not know, the person is sent to its page."""
    source = parse_source("kaggle:Some-One/some_set/versions/3")
    assert source.handle == "Some-One/some_set/versions/3"
    assert "https://www.kaggle.com/datasets/Some-One/some_set" in source.licence


@pytest.mark.parametrize(
    "text",
    ["", "fracatlass", "kaggle:", "kaggle:owner", "kaggle:../..", "kaggle:a/b/c", "http://a/b"],
)
def test_an_unknown_source_is_answered_with_the_known_ones(text: str) -> None:
    """A name that says nothing is refused, and the answer lists what can be said."""
    with pytest.raises(SettingsFault, match="kaggle:OWNER/NAME or one of fracatlas"):
        parse_source(text)
