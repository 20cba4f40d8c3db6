"""A web server of this computer for tests: it serves files well, or in the ways that servers fail."""

from __future__ import annotations

import gzip
import hashlib
import http.server
import re
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

Answer = Callable[[http.server.BaseHTTPRequestHandler], None]


@dataclass
class LocalServer:
    """Answers by path; `asked` has every request with its headers, in order."""

    answers: dict[str, Answer] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    def __enter__(self) -> LocalServer:
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:  # noqa: N802
                path = self.path.partition("?")[0]
                outer.asked.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
                self.close_connection = True
                try:
                    outer.answers.get(path, status(404))(self)
                except (BrokenPipeError, ConnectionResetError):
                    pass  # the client has heard enough

            def log_message(self, *_: object) -> None:
                """Nothing is printed."""

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._server.handle_error = lambda *_: None
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}{path}"

    def count(self, path: str) -> int:
        return sum(asked.partition("?")[0] == path for asked, _ in self.asked)

    def headers_of(self, path: str) -> list[dict[str, str]]:
        return [headers for asked, headers in self.asked if asked.partition("?")[0] == path]


def closed_port() -> int:
    """A port of this computer that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def send(handler: http.server.BaseHTTPRequestHandler, code: int, body: bytes, **headers: str) -> None:
    """A whole answer; underscores in the names of headers stand for hyphens."""
    handler.send_response(code)
    told = {name.replace("_", "-"): value for name, value in headers.items()}
    for name, value in ({"Content-Length": str(len(body))} | told).items():
        handler.send_header(name, value)
    handler.end_headers()
    handler.wfile.write(body)


def serve(body: bytes, tag: str | None = None, content_type: str = "text/csv") -> Answer:
    """As a good server does: an ETag, parts of a file, and nothing where it has not changed."""
    tag = tag or f'"{hashlib.sha256(body).hexdigest()[:16]}"'

    def answer(handler: http.server.BaseHTTPRequestHandler) -> None:
        asked = handler.headers
        told = {"ETag": tag, "Content_Type": content_type}
        part = re.fullmatch(r"bytes=(\d+)-", asked.get("Range", ""))
        if asked.get("If-None-Match") == tag:
            handler.send_response(304)
            handler.send_header("ETag", tag)
            handler.end_headers()
        elif part and asked.get("If-Range", tag) == tag and int(part[1]) >= len(body):
            send(handler, 416, b"", Content_Range=f"bytes */{len(body)}")
        elif part and asked.get("If-Range", tag) == tag:
            start = int(part[1])
            send(handler, 206, body[start:], Content_Range=f"bytes {start}-{len(body) - 1}/{len(body)}", **told)
        else:
            send(handler, 200, body, **told)

    return answer


def page(*links: str) -> Answer:
    """A publisher's page with links."""
    text = "".join(f'<p><a href="{link}">a file</a></p>' for link in links)
    return serve(f"<!DOCTYPE html><html><body>{text}</body></html>".encode(), content_type="text/html")


def breaks_off(body: bytes, after: int, times: int = 1) -> Answer:
    """The connection is lost in the middle of the file, so many times; each time it gets `after` bytes further."""
    left, whole = [times], serve(body)

    def answer(handler: http.server.BaseHTTPRequestHandler) -> None:
        if left[0] == 0:
            whole(handler)
            return
        left[0] -= 1
        part = re.fullmatch(r"bytes=(\d+)-", handler.headers.get("Range", ""))
        start = int(part[1]) if part else 0
        handler.send_response(206 if part else 200)
        handler.send_header("ETag", f'"{hashlib.sha256(body).hexdigest()[:16]}"')
        handler.send_header("Content-Length", str(len(body) - start))
        if part:
            handler.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
        handler.end_headers()
        handler.wfile.write(body[start : start + after])
        handler.wfile.flush()
        handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        handler.connection.close()

    return answer


def says(body: bytes, length: int) -> Answer:
    """A Content-Length that is not that of the body."""
    return lambda handler: send(handler, 200, body, Content_Length=str(length))


def without_length(body: bytes) -> Answer:
    """Neither a length nor an end but that of the connection."""

    def answer(handler: http.server.BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        handler.wfile.write(body)

    return answer


def zipped(body: bytes) -> Answer:
    """Packed on the way, though nobody asked for it."""
    return lambda handler: send(handler, 200, gzip.compress(body), Content_Encoding="gzip", ETag='"zipped"')


def redirect(to: str, code: int = 302) -> Answer:
    return lambda handler: send(handler, code, b"", Location=to)


def status(code: int, times: int = 1_000, then: Answer | None = None, **headers: str) -> Answer:
    """An error, so many times."""
    left = [times]

    def answer(handler: http.server.BaseHTTPRequestHandler) -> None:
        if left[0] == 0 and then is not None:
            then(handler)
            return
        left[0] -= 1
        send(handler, code, b"<html>an error</html>", Content_Type="text/html", **headers)

    return answer


def stalls(body: bytes, seconds: float = 3.0) -> Answer:
    """Some of the file, and then nothing."""

    def answer(handler: http.server.BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body[: len(body) // 2])
        handler.wfile.flush()
        time.sleep(seconds)

    return answer


def endless(piece: bytes = b"x" * 65_536, most: int = 2_000) -> Answer:
    """No end in sight."""

    def answer(handler: http.server.BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        for _ in range(most):
            handler.wfile.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")

    return answer
