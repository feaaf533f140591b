"""The same registry under real threads: a pool of workers, blocking HTTP, one server that dies meanwhile."""

import http.client
import threading
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from backend_registry import Backend, BackendStatus, Outcome, Registry


class Echo(BaseHTTPRequestHandler):
    """A backend that answers every request."""

    def do_GET(self) -> None:
        """Answer."""
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"hello")

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


def ask(registry: Registry) -> bytes:
    """One request; every server that refuses the connection is left out of the next try."""
    lease = registry.acquire("llama3")
    while True:
        connection = http.client.HTTPConnection(lease.url.removeprefix("http://"), timeout=5)
        try:
            with lease:
                connection.request("GET", "/")
                return connection.getresponse().read()
        except OSError:
            lease = lease.next(Outcome.FAILED)
        finally:
            connection.close()


def stop(*servers: ThreadingHTTPServer) -> None:
    """End them."""
    for server in servers:
        server.shutdown()
        server.server_close()


def main() -> None:
    """Run the example."""
    registry = Registry()
    servers = [ThreadingHTTPServer(("127.0.0.1", 0), Echo) for _ in range(3)]
    for number, server in enumerate(servers):
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}).start()
        registry.add_backend(Backend(f"s{number}", f"http://127.0.0.1:{server.server_port}", models=["llama3"]))
    stop(servers[0])
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: ask(registry), range(40)))
    print(f"answered: {answers.count(b'hello')}, in flight: {sum(b.pending_requests for b in registry)}")

    # What a health checker would do: from now on nobody tries the dead one.
    registry.update_status("s0", BackendStatus.UNHEALTHY, "connection refused")
    print([backend.id for backend in registry.candidates("llama3")])
    stop(*servers[1:])


if __name__ == "__main__":
    main()
