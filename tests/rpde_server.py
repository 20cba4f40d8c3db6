"""A server of feeds on this machine, for tests of the network: it answers as told and remembers what was asked."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Answer:
    """What is sent for one request; `cut` sends fewer bytes than were announced, `stall_s` waits before the body."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    cut: int = 0
    stall_s: float = 0.0


Route = Callable[[str], Answer]
"""From the path and query asked to what is answered."""


@dataclass
class Server:
    """Where it listens, what it answers with, and the paths that were asked of it, in order."""

    url: str
    asked: list[str] = field(default_factory=list)
    route: Route = lambda path: Answer(status=404)
    stop: threading.Event = field(default_factory=threading.Event)

    def page(self, items: list[dict[str, Any]], following: str, **more: Any) -> Answer:
        """A page of RPDE; `following` is the path of the next one, or its whole address."""
        to = following if "://" in following else f"{self.url}{following}"
        told = {"items": items, "next": to, "license": "https://creativecommons.org/licenses/by/4.0/", **more}
        return Answer(json.dumps(told).encode(), headers={"Content-Type": "application/json"})

    def pages(self, script: dict[str, tuple[list[dict[str, Any]], str]]) -> None:
        """Answer with these pages: path → items and path of the next."""
        self.route = lambda path: self.page(*script[path]) if path in script else Answer(status=404)


@contextmanager
def serve() -> Iterator[Server]:
    """A server on 127.0.0.1 for as long as the block lasts."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            server.asked.append(self.path)
            answer = server.route(self.path)
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            if answer.stall_s:
                server.stop.wait(answer.stall_s)
            self.wfile.write(answer.body[: len(answer.body) - answer.cut])
            if answer.cut:
                self.close_connection = True

        def log_message(self, *_: object) -> None:
            """Say nothing on the error stream."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        server = Server(url=f"http://127.0.0.1:{http.server_port}")
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.stop.set()
            http.shutdown()
            thread.join()
