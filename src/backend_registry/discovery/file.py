"""`FileSource`: the backends of the configuration file, taken over while the router runs.

It watches the folder, not the file: editors and Kubernetes replace files by renaming others over them. Each time that anything
happens there, and every two seconds in any case (network file systems tell nothing, and a link may be turned elsewhere), the
content is compared with the last one; only a new content is looked at.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from pathlib import Path
from typing import Final

import watchfiles

from backend_registry import Backend
from backend_registry.config import ConfigError, FleetConfig, load_fleet

__all__ = ("FileSource",)

logger: Final = logging.getLogger("backend_registry.discovery")

_LOOK_EVERY_S: Final = 2.0


class FileSource:
    """Follows a file. An edit that is refused is logged once, with line and column, and changes nothing; so is a deletion.

    Only `[[backend]]` is taken over here. Other tables that change are named in a warning, since they need a restart.

    Args:
        path: the TOML file.
        watch: False reads it only at the start and on `reload`.
        environ: where overrides of keys are looked for, such as `os.environ`; None overrides nothing.
        live: what else whoever runs this takes over from `config`, so that no warning is due: table to True, or to its keys.

    Attributes:
        config: the last good configuration, None before the first.
    """

    grace_s: float = 0.0

    def __init__(
        self,
        path: Path,
        *,
        watch: bool = True,
        environ: Mapping[str, str] | None = None,
        live: Mapping[str, set[str] | bool] | None = None,
    ) -> None:
        self._path = path
        self._watch = watch
        self._environ = environ
        self._live = {"backend": True, **(live or {})}
        self._content: bytes | None = b""
        self._first: FleetConfig | None = None
        self.config: FleetConfig | None = None
        self._asked = asyncio.Event()
        self.name: str = f"file:{path.name}"

    def reload(self) -> None:
        """Look at the file now, and say again what is wrong with it if it still is. Call it in the event loop."""
        self._asked.set()

    async def desired(self) -> AsyncIterator[tuple[Backend, ...]]:
        """The backends of the file, whenever it has a new content that is right."""
        async with contextlib.aclosing(self._occasions()) as occasions:
            async for asked in occasions:
                # A network file system may keep a reader waiting, and to check a large fleet takes a while.
                if (config := await asyncio.to_thread(self._changed, asked=asked)) is not None:
                    yield config.backends()

    def _changed(self, *, asked: bool) -> FleetConfig | None:
        """The configuration, if there is something new to say about it."""
        content = _content(self._path)
        if content == self._content and not asked:
            return None
        self._content = content
        try:
            config = load_fleet(self._path, self._environ)
        except ConfigError as error:
            logger.warning("not taken over, the last good configuration stays: %s", error)
            return None
        self.config = config
        self._first = self._first or config
        self._say_what_needs_a_restart(self._first, config)
        return config

    def _say_what_needs_a_restart(self, first: FleetConfig, config: FleetConfig) -> None:
        before, now = (each.model_dump(exclude=self._live) for each in (first, config))
        changed = [name for name in now if now[name] != before[name]]
        if changed:
            logger.warning("%s: restart to apply the changes in %s", self._path, ", ".join(f"[{name}]" for name in changed))

    async def _occasions(self) -> AsyncGenerator[bool]:
        """Each time that the file may have changed; True where it is to be read in any case: at first and on `reload`."""
        asked = True
        while True:
            self._asked.clear()
            yield asked
            if self._watch:
                async for _ in self._events():
                    yield False
            else:
                await self._asked.wait()
            asked = self._asked.is_set()

    async def _events(self) -> AsyncGenerator[None]:
        """Whatever happens in the file's folder, and every two seconds, until `reload` is called."""
        changes = watchfiles.awatch(
            self._path.parent,
            watch_filter=None,
            stop_event=self._asked,
            rust_timeout=round(_LOOK_EVERY_S * 1000),
            yield_on_timeout=True,
            recursive=False,
        )
        try:
            async with contextlib.aclosing(changes):
                async for _ in changes:
                    yield
        except OSError as error:
            # The folder is gone, or the system has no watches left.
            logger.debug("cannot watch %s: %s", self._path.parent, error.strerror)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._asked.wait(), _LOOK_EVERY_S)


def _content(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None
