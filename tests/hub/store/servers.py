"""A real Redis or Valkey as a child process, to be stopped, killed and started again, and a TCP proxy before it to be cut."""

import asyncio
import contextlib
import os
import shutil
import signal
import socket
import subprocess
import time

PROGRAM = shutil.which("valkey-server") or shutil.which("redis-server")
MISSING = "neither redis-server nor valkey-server is on the PATH; install one, for example: apt-get install redis-server"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class RedisServer:
    """One server on a port of its own. `keeps` writes every command to its log before it is answered."""

    def __init__(self, directory, *, keeps=False, password=""):
        self.directory, self.keeps, self.password = directory, keeps, password
        self.port = free_port()
        self.process = None

    @property
    def url(self):
        secret = f":{self.password}@" if self.password else ""
        return f"redis://{secret}127.0.0.1:{self.port}/0"

    def start(self):
        command = [PROGRAM, "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--dir", str(self.directory)]
        if self.keeps:
            command += ["--appendonly", "yes", "--appendfsync", "always"]
        if self.password:
            command += ["--requirepass", self.password]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT)
        until = time.monotonic() + 20
        while not self.answers():
            assert self.process.poll() is None, "the server has ended"
            assert time.monotonic() < until, "the server does not answer"
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(0.01)
        return self

    def answers(self):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection:
            connection.settimeout(1)
            connection.sendall(f"AUTH {self.password}\r\n".encode() if self.password else b"PING\r\n")
            return connection.recv(64).startswith(b"+")
        return False

    def pause(self):
        os.kill(self.process.pid, signal.SIGSTOP)

    def go_on(self):
        os.kill(self.process.pid, signal.SIGCONT)

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process = None

    def stop(self):
        if self.process is not None:
            self.kill()


class Proxy:
    """Passes bytes both ways; `cut` resets what is connected and refuses more, `delay_s` holds each piece back.

    `drop_after` is called with each piece that goes to the server, and may say that the connection ends once it is there,
    before any answer.
    """

    def __init__(self, port):
        self.target = port
        self.delay_s = 0.0
        self.is_cut = False
        self.swallow = False
        self.drop_after = None
        self.writers = set()
        self.tasks = set()

    async def __aenter__(self):
        self.server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self.server.sockets[0].getsockname()[1]
        self.url = f"redis://127.0.0.1:{self.port}/0"
        return self

    async def __aexit__(self, *_):
        self.server.close()
        self.cut()
        for task in list(self.tasks):
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        await self.server.wait_closed()

    def cut(self):
        self.is_cut = True
        for writer in list(self.writers):
            writer.transport.abort()

    def heal(self):
        self.is_cut = False

    async def _serve(self, reader, writer):
        task = asyncio.current_task()
        self.tasks.add(task)
        self.writers.add(writer)
        try:
            if self.is_cut:
                return
            server_reader, server_writer = await asyncio.open_connection("127.0.0.1", self.target)
            self.writers.add(server_writer)
            pumps = [
                asyncio.create_task(self._pump(reader, server_writer, writer)),
                asyncio.create_task(self._pump(server_reader, writer, None)),
            ]
            self.tasks.update(pumps)
            try:
                await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for pump in pumps:
                    pump.cancel()
                await asyncio.gather(*pumps, return_exceptions=True)
                self.tasks.difference_update(pumps)
                self.writers.discard(server_writer)
                server_writer.transport.abort()
        except OSError:
            pass
        finally:
            self.writers.discard(writer)
            writer.transport.abort()
            self.tasks.discard(task)

    async def _pump(self, reader, writer, client):
        with contextlib.suppress(OSError):
            while piece := await reader.read(65536):
                if self.delay_s:
                    await asyncio.sleep(self.delay_s)
                if self.swallow:
                    continue
                writer.write(piece)
                await writer.drain()
                if client is not None and self.drop_after is not None and self.drop_after(piece):
                    client.transport.abort()
                    return
