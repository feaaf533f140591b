"""The same registry under real threads: a pool of workers, blocking HTTP, one server that is dead."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from backend_registry import Backend, BackendStatus, Registry


class Echo(BaseHTTPRequestHandler):
    """A backend that answers every request."""

    def do_GET(self) -> None:
        """Answer, in one write."""
        self.wfile.write(b"HTTP/1.0 200 OK\r\n\r\nhello")

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


def ask(registry: Registry) -> bytes:
    """One request; every server that refuses the connection is left out of the next try."""
    lease = registry.acquire("llama3")
    while True:
        address = lease.url.removeprefix("http://")
        try:
            with lease, closing(HTTPConnection(address, timeout=5)) as connection:
                connection.request("GET", "/")
                return connection.getresponse().read()
        except OSError:
            lease = lease.next()


def main() -> None:
    """Run the example."""
    registry = Registry()
    servers = [ThreadingHTTPServer(("127.0.0.1", 0), Echo) for _ in range(3)]
    for number, server in enumerate(servers):
        registry.add_backend(Backend(f"s{number}", f"http://127.0.0.1:{server.server_port}", models=["llama3"]))
    servers.pop(0).server_close()
    for server in servers:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}).start()

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: ask(registry), range(40)))
    print(f"answered: {answers.count(b'hello')}, in flight: {sum(b.pending_requests for b in registry)}")

    # What a health checker would do: from now on nobody tries the dead one.
    registry.update_status("s0", BackendStatus.UNHEALTHY, "connection refused")
    print([backend.id for backend in registry.candidates("llama3")])
    for server in servers:
        server.shutdown()
        server.server_close()


if __name__ == "__main__":
    main()
