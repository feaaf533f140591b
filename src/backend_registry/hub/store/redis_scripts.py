"""What runs inside Redis, each script as one step, and the keys it works on.

All keys have one hash tag, so that they are on one shard of a cluster. Of a node there is a hash with its `mark`, which is
another one after each write, its `head`, its `wishes`, and a field for each backend.
"""

from dataclasses import dataclass
from typing import Final

__all__ = ("AGES", "BEATS", "DROP", "NEWEST", "READ", "WRITE", "Keys")


@dataclass(frozen=True, slots=True)
class Keys:
    """Names of the keys, for a prefix that has the hash tag.

    Attributes:
        changes: stream of what was written, for the other hubs.
        count: how many changes there ever were; each has its number, so that a hub notices when it has missed one.
        nodes: set of all node ids, fences among them.
        leases: node ids by when they were last heard, in milliseconds of Redis's clock.
        fences: node ids by when they became fences.
        node: what a node's hash is called, before its id.
    """

    changes: str
    count: str
    nodes: str
    leases: str
    fences: str
    node: str

    @classmethod
    def under(cls, prefix: str) -> "Keys":
        """The names under a prefix; without a hash tag in it, all of it becomes one."""
        tagged = prefix if "{" in prefix else f"{{{prefix}}}"
        return cls(*(f"{tagged}:{name}" for name in ("changes", "count", "nodes", "leases", "fences", "node:")))


_NOW: Final = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
"""

WRITE: Final = (
    _NOW
    + """
-- KEYS: node, changes, count, nodes, leases, fences
-- ARGV: mark before, mark after, node id, head, wishes, place, fence age, heard at most, fresh, changes kept, change,
--       number of fields gone, the fields gone, fields and values come
if (redis.call('HGET', KEYS[1], 'mark') or '') ~= ARGV[1] then return 0 end
if ARGV[8] ~= '' then
  local heard = redis.call('ZSCORE', KEYS[5], ARGV[3])
  if heard and tonumber(heard) > tonumber(ARGV[8]) then return -1 end
end
if ARGV[9] == '1' then redis.call('DEL', KEYS[1]) end
local gone = tonumber(ARGV[12])
if gone > 0 then redis.call('HDEL', KEYS[1], unpack(ARGV, 13, 12 + gone)) end
if #ARGV > 12 + gone then redis.call('HSET', KEYS[1], unpack(ARGV, 13 + gone)) end
redis.call('HSET', KEYS[1], 'mark', ARGV[2], 'head', ARGV[4], 'wishes', ARGV[5])
redis.call('SADD', KEYS[4], ARGV[3])
if ARGV[6] == 'heard' then
  redis.call('ZADD', KEYS[5], now, ARGV[3])
  redis.call('ZREM', KEYS[6], ARGV[3])
elseif ARGV[6] == 'fence' then
  redis.call('ZREM', KEYS[5], ARGV[3])
  redis.call('ZADD', KEYS[6], now - ARGV[7], ARGV[3])
end
local count = redis.call('INCR', KEYS[3])
redis.call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[10], '*', 'n', count, 'change', ARGV[11])
return 1
"""
)
"""Write a node if its mark is still that which the writer judged on. 1: done; 0: it is another; -1: it was heard meanwhile."""

DROP: Final = """
-- KEYS: node, changes, count, nodes, leases, fences
-- ARGV: mark before, node id, changes kept, change
if (redis.call('HGET', KEYS[1], 'mark') or '') ~= ARGV[1] then return 0 end
redis.call('DEL', KEYS[1])
redis.call('SREM', KEYS[4], ARGV[2])
redis.call('ZREM', KEYS[5], ARGV[2])
redis.call('ZREM', KEYS[6], ARGV[2])
local count = redis.call('INCR', KEYS[3])
redis.call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[3], '*', 'n', count, 'change', ARGV[4])
return 1
"""
"""Remove a node, even its fence, if its mark is still that which is known. 1: done; 0: it is another one."""

BEATS: Final = (
    _NOW
    + """
-- KEYS: leases, node, node ... ARGV: node id, mark, node id, mark ...
local missed = {}
for i = 2, #KEYS do
  local at = 2 * i - 3
  if redis.call('HGET', KEYS[i], 'mark') == ARGV[at + 1] then
    redis.call('ZADD', KEYS[1], now, ARGV[at])
  else
    missed[#missed + 1] = i - 2
  end
end
return missed
"""
)
"""Note that these nodes were heard, if their marks are what is known. The places, from 0, of those whose marks are not."""

READ: Final = (
    _NOW
    + """
-- KEYS: node, fences; ARGV: node id
local fenced = redis.call('ZSCORE', KEYS[2], ARGV[1])
return {cmsgpack.pack(redis.call('HGETALL', KEYS[1])), fenced and math.max(0, now - fenced) or 0}
"""
)
"""All fields of a node as one MessagePack array, which is read faster than as many answers, and for how many milliseconds it
has been a fence."""

NEWEST: Final = """
-- KEYS: changes, count, nodes
local last = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)
return {last[1] and last[1][1] or '0-0', redis.call('GET', KEYS[2]) or '0', cmsgpack.pack(redis.call('SMEMBERS', KEYS[3]))}
"""
"""Id of the newest change, how many there ever were, and all node ids, packed as in `READ`."""

AGES: Final = (
    _NOW
    + """
-- KEYS: leases
return {now, cmsgpack.pack(redis.call('ZRANGE', KEYS[1], 0, -1, 'WITHSCORES'))}
"""
)
"""Redis's clock, and when each node was last heard, packed as in `READ`."""
