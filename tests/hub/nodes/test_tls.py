"""Asking a node over TLS: connected to by its address, and believed only under its name."""

import asyncio
import shutil
import ssl
import subprocess

import aiohttp
import pytest

from backend_registry.hub.node_api import NodeApi
from tests.hub.nodes.asking import refused, settings

OPENSSL = shutil.which("openssl")
pytestmark = pytest.mark.skipif(OPENSSL is None, reason="openssl makes the certificate, and is not installed")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A certificate for node.example, and its key."""
    place = tmp_path_factory.mktemp("tls")
    certificate, key = place / "certificate.pem", place / "key.pem"
    kind = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    subject = ["-subj", "/CN=node.example", "-addext", "subjectAltName=DNS:node.example"]
    command = [OPENSSL, "req", *kind, *subject, "-keyout", key, "-out", certificate]
    subprocess.run(command, check=True, capture_output=True)
    return certificate, key


def ask(certificate, name):
    """Ask a node with this certificate under a name for 127.0.0.1: what it says, and which names it was asked for."""
    asked = []

    async def answer(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n[]")
        await writer.drain()
        writer.close()

    async def resolve(host, port):
        return ["127.0.0.1"]

    async def asking():
        served = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        served.load_cert_chain(*certificate)
        served.sni_callback = lambda _socket, host, _context: asked.append(host)
        server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=served)
        port = server.sockets[0].getsockname()[1]
        trusting = ssl.create_default_context(cafile=certificate[0])
        config = settings(node_urls={"n1": {"url": f"https://{name}:{port}"}})
        async with server, aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=trusting)) as session:
            return await NodeApi(session, config, {}, resolve=resolve, limit_s=20).backends_of("n1", None)

    return asyncio.run(asking()), asked


def test_a_node_is_believed_under_the_name_of_its_certificate(certificate):
    assert ask(certificate, "node.example") == ([], ["node.example"])


def test_a_node_with_a_certificate_for_another_name_is_not_believed(certificate):
    with refused(502, "node_unreachable", "TLS"):
        ask(certificate, "other.example")
