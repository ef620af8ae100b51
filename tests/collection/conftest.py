"""The server that tests of downloads ask."""

import threading
from collections.abc import Iterator
from http.server import ThreadingHTTPServer

import pytest
from tests.figshare import FILMS, Handler, Site, zip_of


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
