"""A published file arrives over https: resumed where it broke off, and checked while it arrives.

`urllib` is enough for this: ranges, redirects and time limits are all it takes, and the collection
room gains no dependency by it (kagglehub brings `requests`, but keeps it for itself).
"""

import hashlib
import http.client
import ipaddress
import re
import time
import urllib.error
import urllib.request
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import IO, Literal, Protocol, TypeVar
from urllib.parse import urlsplit

from osteon.collection.fetch.unpack import refuse_output
from osteon.errors import ChecksumMismatch, SourceUnreachable
from osteon.terms import Progress, no_progress

_T = TypeVar("_T")
_BLOCK_BYTES = 1 << 18
_LONGEST_PAUSE_S = 30.0
_NETWORK_FAULTS = (OSError, http.client.HTTPException)
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
        md5: Its checksum, 32 hex digits. It guards against accidents, not against forgers.
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


@dataclass(frozen=True, kw_only=True, slots=True)
class _Setback:
    """Why one try brought nothing.

    Attributes:
        reason: For people.
        address: Whether to ask the same address again, another one in turn, or never again.
    """

    reason: str
    address: Literal["again", "in turn", "never"]


class _Digest(Protocol):
    def update(self, data: bytes, /) -> None: ...
    def hexdigest(self) -> str: ...


def download_file(
    wanted: PublishedFile,
    part: Path,
    *,
    patience: Patience | None = None,
    progress: Progress = no_progress,
) -> None:
    """Fetch a file, or the rest of it, until it stands whole and checked at `part`.

    Args:
        wanted: What to fetch.
        part: Where it grows. What an earlier run left there is continued if the server says,
            by its ETag (kept beside it), that the file is still the same.
        patience: How long to keep asking.
        progress: Told the bytes that have arrived.

    Raises:
        SourceUnreachable: If no address gave the file.
        ChecksumMismatch: If what arrived differs from what was published; it is removed.
        OutputFault: If `part` cannot be written.
    """
    patience = patience or Patience()

    def fetch(url: str) -> Path | _Setback:
        return _fetch_rest(url, wanted, part, timeout_s=patience.timeout_s, progress=progress)

    _keep_trying(fetch, wanted.urls, patience, wanted.name)


def download_text(url: str, *, max_bytes: int, patience: Patience | None = None) -> bytes:
    """Fetch a small document into memory.

    Raises:
        SourceUnreachable: If it cannot be had, or is longer than `max_bytes`.
    """
    patience = patience or Patience()

    def fetch(url: str) -> bytes | _Setback:
        answer = _ask(url, {"Accept": "application/json"}, patience.timeout_s)
        if isinstance(answer, _Setback):
            return answer
        with answer:
            try:
                text = answer.read(max_bytes + 1)
            except _NETWORK_FAULTS:
                return _Setback(reason="the connection broke off", address="again")
        return text if len(text) <= max_bytes else _Setback(reason="too long", address="never")

    return _keep_trying(fetch, (url,), patience, url)


def check_url(url: str, *, came_from: str | None = None) -> None:
    """Refuse an address that is neither https nor, asked for from there, on this machine.

    Raises:
        SourceUnreachable: If it is anything else.

    >>> check_url("https://api.figshare.com/v2")
    >>> check_url("http://127.0.0.1:8000/v2")
    """
    scheme = urlsplit(url).scheme
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
    fetch: Callable[[str], _T | _Setback], urls: tuple[str, ...], patience: Patience, where: str
) -> _T:
    left = deque(urls)
    reason = "no address"
    for n_tried in range(1, patience.n_tries + 1):
        outcome = fetch(left[0])
        if not isinstance(outcome, _Setback):
            return outcome
        reason = outcome.reason
        if outcome.address == "never":
            left.popleft()
            if not left:
                break
            continue
        if outcome.address == "in turn":
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
    url: str, wanted: PublishedFile, part: Path, *, timeout_s: float, progress: Progress
) -> Path | _Setback:
    digest = hashlib.md5(usedforsecurity=False)
    tag = part.with_name(f"{part.name}.etag")
    n_here, etag = _recall_part(part, tag, digest)
    if n_here < wanted.n_bytes or not n_here:
        headers = {"Range": f"bytes={n_here}-", "If-Range": etag} if n_here else {}
        answer = _ask(url, headers, timeout_s)
        if isinstance(answer, _Setback):
            return answer
        with answer:
            if answer.status != HTTPStatus.PARTIAL_CONTENT:
                digest, n_here = hashlib.md5(usedforsecurity=False), 0
                _forget_part(part, tag, answer.headers.get("ETag", ""))
            elif not _continues(answer, n_here, etag, wanted.n_bytes):
                _forget_part(part, tag, "")
                return _Setback(reason="the file changed on its way", address="again")
            n_here, setback = _append(answer, part, digest, n_here, (wanted, progress))
        if setback:
            return setback
    if n_here != wanted.n_bytes or digest.hexdigest() != wanted.md5:
        _forget_part(part, tag, "")
        raise ChecksumMismatch(
            wanted.name,
            f"must be {wanted.n_bytes:,} bytes with MD5 {wanted.md5}, as published",
            found=f"{n_here:,} bytes, MD5 {digest.hexdigest()}",
            advice="It was removed. Run the same command again.",
        )
    return part


def _recall_part(part: Path, tag: Path, digest: _Digest) -> tuple[int, str]:
    """Return how much is here already, fed into the digest, and the ETag it belongs to."""
    try:
        etag = tag.read_text(encoding="ascii")
        n_here = 0
        with part.open("rb") as file:
            while block := file.read(_BLOCK_BYTES):
                digest.update(block)
                n_here += len(block)
    except (OSError, UnicodeError):
        return 0, ""
    return n_here, etag


def _forget_part(part: Path, tag: Path, etag: str) -> None:
    """Start anew. The old ETag goes first: a part is never left beside another file's ETag."""
    try:
        tag.unlink(missing_ok=True)
        part.unlink(missing_ok=True)
        if _STRONG_ETAG.fullmatch(etag):
            tag.write_text(etag, encoding="ascii")
    except OSError as fault:
        refuse_output(part, fault)


def _continues(answer: http.client.HTTPResponse, n_here: int, etag: str, n_bytes: int) -> bool:
    """Say whether a 206 answer holds the rest of the very file that was begun."""
    given = _CONTENT_RANGE.match(answer.headers.get("Content-Range", ""))
    if not given or int(given[1]) != n_here or given[2] not in {"*", str(n_bytes)}:
        return False
    return bool(answer.headers.get("ETag", etag) == etag)


def _append(
    answer: http.client.HTTPResponse,
    part: Path,
    digest: _Digest,
    n_here: int,
    told: tuple[PublishedFile, Progress],
) -> tuple[int, _Setback | None]:
    """Add what arrives to the part; stop one block after the published size at the latest."""
    wanted, progress = told
    try:
        file = part.open("ab")
    except OSError as fault:
        refuse_output(part, fault)
    with file:
        while n_here <= wanted.n_bytes:
            try:
                block = answer.read(_BLOCK_BYTES)
            except _NETWORK_FAULTS:
                return n_here, _Setback(reason="the connection broke off", address="again")
            if not block:
                break
            try:
                file.write(block)
                file.flush()
            except OSError as fault:
                refuse_output(part, fault)
            digest.update(block)
            n_here += len(block)
            progress(f"fetch {wanted.name}", n_here, wanted.n_bytes)
    if n_here < wanted.n_bytes:
        return n_here, _Setback(reason="the connection broke off", address="again")
    return n_here, None


def _ask(
    url: str, headers: dict[str, str], timeout_s: float
) -> http.client.HTTPResponse | _Setback:
    """Open an address, or say in our own words why not."""
    check_url(url)
    request = urllib.request.Request(  # noqa: S310 — check_url has let only http(s) through
        url, headers={"User-Agent": "osteon", **headers}
    )
    openers: list[urllib.request.BaseHandler] = [_CarefulRedirects()]
    if _is_loopback(url):
        openers.append(urllib.request.ProxyHandler({}))
    try:
        answer: http.client.HTTPResponse = urllib.request.build_opener(*openers).open(
            request, timeout=timeout_s
        )
    except urllib.error.HTTPError as refusal:
        refusal.close()
        return _judge_status(refusal.code)
    except _NETWORK_FAULTS:
        return _Setback(reason="no answer", address="in turn")
    if answer.status not in {HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT}:
        answer.close()
        return _judge_status(answer.status)
    return answer


def _judge_status(status: int) -> _Setback:
    # 202 is figshare's robot check: an empty page that asks for a browser. Asking again does not
    # help; another address of the same file does.
    is_passing = status in _WORTH_RETRYING or status >= HTTPStatus.INTERNAL_SERVER_ERROR
    return _Setback(reason=f"HTTP status {status}", address="in turn" if is_passing else "never")


def _is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class _CarefulRedirects(urllib.request.HTTPRedirectHandler):
    """Follows a redirect only where `check_url` would have gone by itself."""

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: http.client.HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        check_url(newurl, came_from=req.full_url)
        return super().redirect_request(req, fp, code, msg, headers, newurl)
