"""The server: connections on loopback, a thread each, from which answers go out or break.

Invariant: `close` ends every connection, also one that hangs, and waits for its thread.
"""

import contextlib
import os
import socket
import struct
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Final, Self, TypeAlias

from tests.model_server.answering import Asked, Desk
from tests.model_server.faults import Delivery, End
from tests.model_server.scene import Scene
from tests.model_server.stage import Stage

_Accepted: TypeAlias = socket.socket | tuple[bytes, socket.socket]  # the latter: never over TCP
_NO_LINGER: Final = struct.pack("ii", 1, 0)


class ModelServer:
    """Answers programs that believe to talk to a model; use it as a context.

    Args:
        folder: where the bodies of all requests are kept, one file each.
    """

    def __init__(self, folder: Path) -> None:
        self._desk = Desk(folder)
        self._http = _Server(self._desk)
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def url(self) -> str:
        """Where the server answers, without a path."""
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    @property
    def strange(self) -> tuple[Asked, ...]:
        """Requests that belonged to no scene, or whose path leads nowhere."""
        return self._desk.strange

    def add(self, scene: Scene) -> Stage:
        """Play a scene; return what remembers the requests."""
        stage = Stage(scene)
        self._desk.add(stage)
        return stage

    def close(self) -> None:
        """End every connection and the server.

        Raises:
            ExceptionGroup: answering a request failed, which is a defect of this package.
        """
        self._http.shutdown()
        self._thread.join()
        self._http.end_connections()
        self._http.server_close()
        if self._http.errors:
            raise ExceptionGroup("the model server failed", self._http.errors)


class _Server(ThreadingHTTPServer):
    daemon_threads = False  # closing waits for them
    request_queue_size = 64

    def __init__(self, desk: Desk) -> None:
        super().__init__(("127.0.0.1", 0), _Connection)
        self.desk = desk
        self.closing = threading.Event()
        self.errors: list[Exception] = []
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()

    def end_connections(self) -> None:
        self.closing.set()
        with self._lock:
            for connection in self._open:
                _end(connection)

    def process_request(self, request: _Accepted, client_address: object) -> None:
        if isinstance(request, socket.socket):
            with self._lock:
                self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: _Accepted) -> None:
        if isinstance(request, socket.socket):
            with self._lock:
                self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: _Accepted, client_address: object) -> None:
        del request, client_address
        error = sys.exception()
        if isinstance(error, Exception) and not isinstance(error, ConnectionError):
            self.errors.append(error)


class _Connection(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_GET(self) -> None:
        self._answer()

    def do_HEAD(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing: what was asked is kept elsewhere."""

    def _answer(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        asked = Asked(
            method=self.command, path=self.path, headers=headers, body=self._read(headers)
        )
        delivery = self.server.desk.answer(asked)
        self.server.closing.wait(delivery.delay_s)
        if delivery.end is not End.HANG:
            self._send(delivery)
        match delivery.end:
            case End.HANG | End.STALL:
                self.server.closing.wait()
                self.close_connection = True
            case End.DROP:
                self.close_connection = True
            case End.RESET:
                self._reset()
            case End.WELL:
                pass

    def _read(self, headers: dict[str, str]) -> bytes:
        if headers.get("transfer-encoding", "").lower() != "chunked":
            return self.rfile.read(int(headers.get("content-length", "0")))
        body = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def _send(self, delivery: Delivery) -> None:
        self.send_response(delivery.status)
        self.send_header("content-type", delivery.content_type)
        for name, value in delivery.headers.items():
            self.send_header(name, value)
        if delivery.streams:
            self.send_header("transfer-encoding", "chunked")
        else:
            self.send_header("content-length", str(delivery.length_told))
        self.end_headers()
        for piece in delivery.pieces:
            self.server.closing.wait(delivery.pause_s)
            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece) if delivery.streams else piece)
        if delivery.streams and delivery.end is End.WELL:
            self.wfile.write(b"0\r\n\r\n")

    def _reset(self) -> None:
        """Close so that the other side sees a reset, which takes that nothing is said before."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
        os.close(self.connection.detach())
        self.close_connection = True


def _end(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):  # the other side was faster
        connection.shutdown(socket.SHUT_RDWR)
