"""A shop on loopback: product pages, and one that keeps its reader waiting."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.patience import PATIENCE_SECONDS

_PAGE = """<!doctype html><html lang="en"><head><title>Bottle</title>
<script type="application/ld+json">{"@context": "https://schema.org", "@type": "Product",
"name": "Bottle", "brand": {"@type": "Brand", "name": "Quell"}, "material": "Steel",
"color": "Green", "weight": "400 g",
"aggregateRating": {"@type": "AggregateRating", "ratingValue": "4.5", "reviewCount": "20"},
"offers": {"@type": "Offer", "price": "34.00", "priceCurrency": "USD"},
"review": [{"@type": "Review", "reviewBody": "I love this bottle, it is great. CANARY"},
{"@type": "Review", "reviewBody": "It leaks and I hate the lid. CANARY"}]}</script>
</head><body><h1>Bottle</h1><p>CANARY</p></body></html>"""


# Enough for a product, too little for a script.
_BARE = """<!doctype html><html lang="en"><head><title>Vase</title>
<script type="application/ld+json">{"@context": "https://schema.org", "@type": "Product",
"name": "Vase", "offers": {"@type": "Offer", "price": "12.00", "priceCurrency": "USD"}}</script>
</head><body><h1>Vase</h1></body></html>"""
_VACUUM = """<!doctype html><html lang="en"><head><title>Hand vacuum</title>
<script type="application/ld+json">{"@context": "https://schema.org", "@type": "Product",
"name": "Hand vacuum", "offers": {"@type": "Offer", "price": "59.00", "priceCurrency": "USD"}}
</script></head><body><h1>Hand vacuum</h1><table>
<tr><th>Battery life</th><td>up to 12 hours</td></tr>
<tr><th>Noise level</th><td>62 dB</td></tr></table></body></html>"""


class Shop(ThreadingHTTPServer):
    """`/bare` states a price alone, `/vacuum` has a table of values.

    `/slow` answers when `released` is set. `visits` lists the paths that were asked for.
    """

    daemon_threads = True

    def __init__(self, canary: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.page = _PAGE.replace("CANARY", canary).encode()
        self.released = threading.Event()
        self.visits: list[str] = []

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.server_port}{path}"


class _Handler(BaseHTTPRequestHandler):
    server: Shop

    def do_GET(self) -> None:
        self.server.visits.append(self.path)
        if self.path.startswith("/slow"):
            self.server.released.wait(PATIENCE_SECONDS)
        special = {"/bare": _BARE, "/vacuum": _VACUUM}.get(self.path)
        page = special.encode() if special else self.server.page
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)

    def log_message(self, *_arguments: object) -> None:
        """Silence."""

    def handle(self) -> None:
        try:
            super().handle()
        except ConnectionError:
            # A killed reader hangs up.
            self.close_connection = True


@contextmanager
def opened(canary: str) -> Iterator[Shop]:
    """The shop, until the block ends."""
    with Shop(canary) as shop:
        thread = threading.Thread(target=shop.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield shop
        finally:
            shop.released.set()
            shop.shutdown()
            thread.join()
