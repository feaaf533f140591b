"""`RedisLink`: the connections of one hub to Redis. What is asked while an answer is under way goes out together after it."""

import asyncio
import hashlib
import logging
from collections import deque
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import NoScriptError, ReadOnlyError, RedisError, ResponseError

from backend_registry.hub.store.redis_address import Address
from backend_registry.hub.store.redis_scripts import AGES, BEATS, DROP, NEWEST, READ, WRITE
from backend_registry.hub.store.shared import StoreUnavailableError

__all__ = ("RedisLink",)

logger: Final = logging.getLogger("backend_registry.hub")

CONNECT_S: Final = 1.0
COMMAND_S: Final = 2.0
"""For one round trip, however much is asked in it, connecting included."""
_BLOCK_MS: Final = 1000
_CALLS_MOST: Final = 256
"""Commands of one round trip."""
_BEATS_MOST: Final = 1024
_WAITING_MOST: Final = 20_000
"""Commands and beats that wait for their turn; more are refused."""
_TAIL: Final = 200
_CLOSED: Final = "the store is closed"
_FAILURES: Final = (RedisError, OSError, TimeoutError)
_Argument = str | bytes | int


class _Call(NamedTuple):
    command: tuple[_Argument, ...]
    answer: "asyncio.Future[Any]"


class _Beat(NamedTuple):
    key: str
    node_id: str
    mark: bytes
    answer: "asyncio.Future[bool]"


class RedisLink:
    """Commands to Redis, each within time limits, many in one round trip.

    Args:
        address: where it is.
        leases: key of the leases, which beats renew.

    After a failure every command fails at once, until `probe` has had an answer. For one event loop.
    """

    def __init__(self, address: Address, leases: str) -> None:
        self._leases: Final = leases
        self._pool: Final = BlockingConnectionPool.from_url(
            address.url,
            max_connections=4,
            timeout=CONNECT_S,
            socket_connect_timeout=CONNECT_S,
            # The limits are set here. The library's own one for writing may lose a cancellation that comes in the same moment.
            socket_timeout=None,
            socket_keepalive=True,
            retry=Retry(NoBackoff(), 0),
            protocol=2,
        )
        self._client: Final[Redis] = Redis(connection_pool=self._pool)
        self._calls: Final[deque[_Call]] = deque()
        self._beats: Final[deque[_Beat]] = deque()
        self._flight: asyncio.Task[None] | None = None
        self._failing = ""

    @property
    def failing(self) -> str:
        """Why nothing can be asked now; empty if it can."""
        return self._failing

    # --- asking --------------------------------------------------------------------------------------------------------

    async def script(self, script: str, keys: Sequence[str], *arguments: _Argument) -> Any:
        """The answer of a script.

        Raises:
            StoreUnavailableError: there was none within the time limits; the script may have run, or may run yet.
        """
        return await self.send("EVALSHA", _SHA[script], len(keys), *keys, *arguments)

    async def send(self, *command: _Argument) -> Any:
        """The answer to a command.

        Raises:
            StoreUnavailableError: as `script`.
        """
        self._check()
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._calls.append(_Call(command, answer))
        self._depart()
        return await answer

    async def beat(self, key: str, node_id: str, mark: bytes) -> bool:
        """Note that a node was heard; False if its mark is another one.

        Raises:
            StoreUnavailableError: as `script`.
        """
        self._check()
        answer: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._beats.append(_Beat(key, node_id, mark, answer))
        self._depart()
        return await answer

    def _check(self) -> None:
        if self._failing:
            raise StoreUnavailableError(self._failing)
        if len(self._calls) + len(self._beats) >= _WAITING_MOST:
            raise StoreUnavailableError("too much waits for Redis")

    def _depart(self) -> None:
        if self._flight is None:
            self._flight = asyncio.get_running_loop().create_task(self._fly(), name="to Redis")

    # --- round trips ---------------------------------------------------------------------------------------------------

    async def _fly(self) -> None:
        try:
            while self._calls or self._beats:
                calls = [self._calls.popleft() for _ in range(min(len(self._calls), _CALLS_MOST))]
                beats = [self._beats.popleft() for _ in range(min(len(self._beats), _BEATS_MOST))]
                try:
                    await self._round_trip(calls, beats)
                except Exception as error:  # noqa: BLE001 -- whatever it was, those who wait must be told
                    self._refuse(await self.fail(error), calls, beats)
                except asyncio.CancelledError:
                    self._refuse(_CLOSED, calls, beats)
                    raise
        finally:
            self._flight = None

    async def _round_trip(self, calls: list[_Call], beats: list[_Beat]) -> None:
        commands = [call.command for call in calls]
        if beats:
            facts = (fact for beat in beats for fact in (beat.node_id, beat.mark))
            keys = (self._leases, *(beat.key for beat in beats))
            commands.append(("EVALSHA", _SHA[BEATS], len(keys), *keys, *facts))
        answers = await self._exchange(commands)
        if beats:
            _settle_beats(beats, answers.pop())
        for call, answer in zip(calls, answers, strict=True):
            _settle(call.answer, answer)

    async def _exchange(self, commands: list[tuple[_Argument, ...]]) -> list[Any]:
        """An answer to each command, or the error that Redis gave in place of it."""
        answers = await self._execute(commands)
        unknown = [place for place, answer in enumerate(answers) if isinstance(answer, NoScriptError)]
        if unknown:
            # It has been restarted. A script that it did not know has not run.
            await self._execute([("SCRIPT", "LOAD", script) for script in _SHA])
            again = await self._execute([commands[place] for place in unknown])
            for place, answer in zip(unknown, again, strict=True):
                answers[place] = answer
        if any(isinstance(answer, ReadOnlyError) for answer in answers):
            # It is no longer the primary: the name leads elsewhere when it is looked up again.
            raise ReadOnlyError
        return answers

    async def _execute(self, commands: list[tuple[_Argument, ...]]) -> list[Any]:
        pipeline = self._client.pipeline(transaction=False)
        for command in commands:
            pipeline.execute_command(*command)
        async with asyncio.timeout(COMMAND_S):
            answers: list[Any] = await pipeline.execute(raise_on_error=False)
        return answers

    def _refuse(self, why: str, calls: Sequence[_Call], beats: Sequence[_Beat]) -> None:
        answers: list[asyncio.Future[Any]] = [call.answer for call in (*calls, *self._calls)]
        answers += [beat.answer for beat in (*beats, *self._beats)]
        self._calls.clear()
        self._beats.clear()
        for answer in answers:
            if not answer.done():
                answer.set_exception(StoreUnavailableError(why))

    async def fail(self, error: Exception) -> str:
        """Begin anew with the next `probe`: why, in a few words."""
        if not self._failing:
            logger.warning("Redis cannot be reached (%s); reports are refused until it can", type(error).__name__)
        self._failing = "Redis cannot be reached"
        await self._pool.disconnect()
        return self._failing

    async def probe(self) -> None:
        """Ask whether it is there, and let commands through if it is.

        Raises:
            StoreUnavailableError: it is not.
        """
        try:
            answers = await self._execute([("PING",), *(("SCRIPT", "LOAD", script) for script in _SHA)])
            errors = [answer for answer in answers if isinstance(answer, RedisError)]
            if errors:
                raise errors[0]
        except _FAILURES as error:
            raise StoreUnavailableError(await self.fail(error)) from None
        if self._failing:
            logger.info("Redis can be reached again")
            self._failing = ""

    async def tail(self, stream: str, cursor: bytes) -> list[tuple[bytes, dict[bytes, bytes]]]:
        """Entries of a stream after the cursor, as soon as there are any; none after a second without.

        Raises:
            StoreUnavailableError: there was no answer within the time limits.
        """
        try:
            async with asyncio.timeout(_BLOCK_MS / 1000 + COMMAND_S):
                answer: Any = await self._client.xread({stream: cursor}, count=_TAIL, block=_BLOCK_MS)
        except _FAILURES as error:
            raise StoreUnavailableError(await self.fail(error)) from None
        return list(answer[0][1]) if answer else []

    async def close(self) -> None:
        """Let go of all connections; whoever still waits is refused."""
        self._failing = _CLOSED
        flight = self._flight
        if flight is not None:
            flight.cancel()
            await asyncio.wait([flight])
        self._refuse(_CLOSED, (), ())
        await self._client.aclose()
        await self._pool.disconnect()


_SHA: Final = {script: hashlib.sha1(script.encode()).hexdigest() for script in (WRITE, DROP, BEATS, READ, NEWEST, AGES)}  # noqa: S324 -- Redis's name


def _settle(waiting: "asyncio.Future[Any]", answer: Any) -> None:
    if waiting.done():
        return  # whoever asked has gone
    if isinstance(answer, ResponseError):
        logger.warning("Redis refuses a command (%s)", type(answer).__name__, extra={"answer": str(answer)[:200]})
        waiting.set_exception(StoreUnavailableError("Redis refuses a command"))
    else:
        waiting.set_result(answer)


def _settle_beats(beats: Sequence[_Beat], answer: Any) -> None:
    if isinstance(answer, ResponseError):
        for beat in beats:
            _settle(beat.answer, answer)
        return
    missed = set(answer)
    for place, beat in enumerate(beats):
        _settle(beat.answer, place not in missed)
