"""A published file arrives over https: resumed where it broke off, and checked before it counts.

`pooch` keeps the files: it knows one that is here, checks the MD5 of what arrives, and moves it to
its place. What it lacks is here: a part goes on under its ETag, the next address is asked where one
says no, and no redirect leads to an open connection.
"""

import ipaddress
import re
import ssl
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import Any, Literal, NoReturn, TypeVar
from urllib.parse import urljoin, urlsplit

import pooch
import requests
import urllib3

from osteon.errors import ChecksumMismatch, SourceUnreachable
from osteon.files import refuse_output
from osteon.terms import Progress, no_progress

_T = TypeVar("_T")
_BLOCK_BYTES = 1 << 18
_LONGEST_PAUSE_S = 30.0
_NETWORK_FAULTS = (OSError, urllib3.exceptions.HTTPError)
_WORTH_RETRYING = frozenset(
    {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS}
)
_STRONG_ETAG = re.compile(r'"[\x21\x23-\x7e]*"')  # RFC 9110 8.8.3; a weak one must not resume
_CONTENT_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+|\*)")  # RFC 9110 14.4


@dataclass(frozen=True, kw_only=True, slots=True)
class PublishedFile:
    """One file of a public collection, as its publisher describes it.

    Attributes:
        name: For people.
        urls: Where it can be had; the next is tried when one says no.
        n_bytes: Its size.
        md5: 32 hex digits, against accidents; they do not stop a forger.
    """

    name: str
    urls: tuple[str, ...]
    n_bytes: int
    md5: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Patience:
    """How long to keep asking.

    Attributes:
        n_tries: Connections made before giving up.
        pause_s: Wait before the second try; doubled for each further one, up to 30 s.
        timeout_s: Longest silence on a connection.
    """

    n_tries: int = 6
    pause_s: float = 1.0
    timeout_s: float = 30.0


class _Setback(Exception):
    """One try brought nothing; ask the same address again, another one in turn, or never again."""

    def __init__(self, reason: str, address: Literal["again", "in turn", "never"]) -> None:
        super().__init__(reason)
        self.reason = reason
        self.address = address


def download_file(
    wanted: PublishedFile,
    folder: Path,
    *,
    patience: Patience | None = None,
    progress: Progress = no_progress,
) -> Path:
    """Fetch a file, or the rest of it, until it lies in the folder whole and checked.

    Args:
        wanted: What to fetch.
        folder: Where it grows. What an earlier run left there is continued if the server says,
            by its ETag (kept beside it), that the file is still the same.
        patience: How long to keep asking.
        progress: Told the bytes that have arrived.

    Returns:
        Where the file is.

    Raises:
        SourceUnreachable: If no address gave the file.
        ChecksumMismatch: If what arrived differs from what was published; it is removed.
        OutputFault: If the folder cannot be written.
    """
    patience = patience or Patience()
    rest = partial(_fetch_rest, wanted=wanted, timeout_s=patience.timeout_s, progress=progress)
    pooch.get_logger().setLevel("WARNING")  # it tells of every download on standard error

    def fetch(url: str) -> str:
        path: str = pooch.retrieve(
            url, f"md5:{wanted.md5}", fname=wanted.md5, path=folder.absolute(), downloader=rest
        )
        return path

    try:
        return Path(_keep_trying(fetch, wanted.urls, patience, wanted.name))
    except OSError as fault:
        refuse_output(folder, fault)
    except ValueError:  # pooch's word for another MD5
        _refuse_content(wanted, f"{wanted.n_bytes:,} bytes with another MD5")


def download_text(url: str, *, max_bytes: int, patience: Patience | None = None) -> bytes:
    """Fetch a small document into memory.

    Args:
        url: Its address.
        max_bytes: A longer one is refused as unreachable.
        patience: How long to keep asking.

    Raises:
        SourceUnreachable: If it cannot be had.
    """
    patience = patience or Patience()

    def fetch(url: str) -> bytes:
        with _ask(url, {"Accept": "application/json"}, patience.timeout_s) as answer:
            try:
                text: bytes = answer.raw.read(max_bytes + 1)
            except _NETWORK_FAULTS:
                raise _Setback("the connection broke off", "again") from None
        if len(text) > max_bytes:
            raise _Setback("too long", "never")
        return text

    return _keep_trying(fetch, (url,), patience, url)


def check_url(url: str, *, came_from: str | None = None) -> None:
    """Refuse an address that is neither https nor, asked for from there, on this machine.

    Raises:
        SourceUnreachable: If it is anything else.

    >>> check_url("https://api.figshare.com/v2")
    >>> check_url("http://127.0.0.1:8000/v2")
    """
    try:
        scheme = urlsplit(url).scheme
    except ValueError:  # no address at all
        scheme = None
    is_local = _is_loopback(url) and (came_from is None or _is_loopback(came_from))
    if scheme == "https" or (scheme == "http" and is_local):
        return
    raise SourceUnreachable(
        came_from or url,
        "must lead to https addresses only",
        found=scheme,
        advice="Nothing was fetched from there; an open connection can be altered on its way.",
    )


def _keep_trying(
    fetch: Callable[[str], _T], urls: tuple[str, ...], patience: Patience, where: str
) -> _T:
    left = deque(urls)
    reason = "no address"
    for n_tried in range(1, patience.n_tries + 1):
        try:
            return fetch(left[0])
        except _Setback as setback:
            reason = setback.reason
            if setback.address == "never":
                left.popleft()
                if not left:
                    break
                continue
            if setback.address == "in turn":
                left.rotate(-1)
        if n_tried < patience.n_tries:
            time.sleep(min(patience.pause_s * 2 ** (n_tried - 1), _LONGEST_PAUSE_S))
    raise SourceUnreachable(
        where,
        "must be reachable",
        found=reason,
        advice="Check the connection (and HTTPS_PROXY, SSL_CERT_FILE behind a firewall) and run "
        "the same command again: it continues where it stopped.",
    )


def _fetch_rest(
    url: str,
    output_file: str,
    _pooch: object,
    *,
    wanted: PublishedFile,
    timeout_s: float,
    progress: Progress,
) -> None:
    # Called as pooch calls its downloaders; the part outlives a broken connection.
    part = Path(output_file).with_name(f"{wanted.md5}.part")
    tag = part.with_suffix(".etag")
    n_here, etag = _recall_part(part, tag)
    if n_here < wanted.n_bytes:
        headers = {"Range": f"bytes={n_here}-", "If-Range": etag} if n_here else {}
        with _ask(url, headers, timeout_s) as answer:
            if answer.status_code != HTTPStatus.PARTIAL_CONTENT:
                n_here = 0
                _forget_part(part, tag, answer.headers.get("ETag", ""))
            elif not _continues(answer, n_here, etag, wanted.n_bytes):
                _forget_part(part, tag, "")
                raise _Setback("the file changed on its way", "again")
            n_here = _append(answer, part, n_here, wanted, progress)
    if n_here != wanted.n_bytes:
        _forget_part(part, tag, "")
        _refuse_content(wanted, f"{n_here:,} bytes")
    part.replace(output_file)
    tag.unlink(missing_ok=True)


def _refuse_content(wanted: PublishedFile, found: str) -> NoReturn:
    raise ChecksumMismatch(
        wanted.name,
        f"must be {wanted.n_bytes:,} bytes with MD5 {wanted.md5}, as published",
        found=found,
        advice="It was removed. Run the same command again.",
    )


def _recall_part(part: Path, tag: Path) -> tuple[int, str]:
    """Return how much is here already, and the ETag it belongs to."""
    with suppress(OSError, UnicodeError):
        return part.stat().st_size, tag.read_text(encoding="ascii")
    return 0, ""


def _forget_part(part: Path, tag: Path, etag: str) -> None:
    """Start anew. The old ETag goes first: a part is never left beside another file's ETag."""
    tag.unlink(missing_ok=True)
    part.unlink(missing_ok=True)
    if _STRONG_ETAG.fullmatch(etag):
        tag.write_text(etag, encoding="ascii")


def _continues(answer: requests.Response, n_here: int, etag: str, n_bytes: int) -> bool:
    """Say whether a 206 answer holds the rest of the very file that was begun."""
    given = _CONTENT_RANGE.match(answer.headers.get("Content-Range", ""))
    if not given or int(given[1]) != n_here or given[2] not in {"*", str(n_bytes)}:
        return False
    return bool(answer.headers.get("ETag", etag) == etag)


def _append(
    answer: requests.Response, part: Path, n_here: int, wanted: PublishedFile, progress: Progress
) -> int:
    # Ends one block after the published size at the latest.
    with part.open("ab") as file:
        while n_here <= wanted.n_bytes:
            try:
                block = answer.raw.read1(_BLOCK_BYTES)  # all that is here, were it one byte
            except _NETWORK_FAULTS:
                break
            if not block:
                break
            file.write(block)
            n_here += len(block)
            progress(f"fetch {wanted.name}", n_here, wanted.n_bytes)
    if n_here < wanted.n_bytes:
        raise _Setback("the connection broke off", "again")
    return n_here


def _ask(url: str, headers: dict[str, str], timeout_s: float) -> requests.Response:
    check_url(url)
    try:
        answer = requests.get(
            url,
            headers={"User-Agent": "osteon", "Accept-Encoding": "identity", **headers},
            stream=True,
            timeout=timeout_s,
            hooks={"response": _check_redirect},
            proxies={"http": "", "https": ""} if _is_loopback(url) else None,
            verify=_find_certificates(),
        )
    except _NETWORK_FAULTS:
        raise _Setback("no answer", "in turn") from None
    status = answer.status_code
    if status not in {HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT}:
        answer.close()
        # 202 is figshare's robot check: an empty page that asks for a browser. Asking again does
        # not help; another address of the same file does.
        is_passing = status in _WORTH_RETRYING or status >= HTTPStatus.INTERNAL_SERVER_ERROR
        raise _Setback(f"HTTP status {status}", "in turn" if is_passing else "never")
    return answer


def _find_certificates() -> str | bool:
    # What SSL_CERT_FILE names, else the operating system's own, else certifi's (True).
    paths = ssl.get_default_verify_paths()
    if paths.cafile or not paths.capath or any(Path(paths.capath).iterdir()):
        return paths.cafile or paths.capath or True
    return True


def _check_redirect(answer: requests.Response, *_: Any, **__: Any) -> None:
    # A redirect is followed only where `check_url` would have gone by itself.
    if answer.is_redirect:
        try:
            target = urljoin(answer.url, answer.headers["Location"])
            check_url(target, came_from=answer.url)
        except SourceUnreachable:
            answer.close()
            raise


def _is_loopback(url: str) -> bool:
    with suppress(ValueError):
        host = urlsplit(url).hostname or ""
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    return False
