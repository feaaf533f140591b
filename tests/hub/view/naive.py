"""The view as it would be without any care for cost: everything is made anew from all nodes, whenever it is asked for."""

from backend_registry.hub.expiry import Standing
from backend_registry.hub.view import words
from backend_registry.protocol import NodeRecord

SILENT = (Standing.UNREACHABLE, Standing.DEPARTED)


class NaiveNode:
    def __init__(self):
        self.entries = {}
        self.standing = Standing.LIVE
        self.told = {}
        self.shown = {}

    def record(self, node_id, presence="present"):
        return NodeRecord(
            node_id=node_id, epoch=1, revision=1, instance="i", digest=0, entries=dict(self.entries), presence=presence
        )

    def settle(self):
        self.shown |= {entry_id: load for entry_id, load in self.told.items() if entry_id in self.entries}
        self.told = {}

    def groups(self):
        """(kind, name) to the entries of that, by id."""
        groups = {}
        for entry_id in sorted(self.entries):
            entry = self.entries[entry_id]
            groups.setdefault((entry.kind, entry.name), []).append(entry)
        return groups

    def load_of(self, entry):
        return (0, 0, 0) if self.standing in SILENT else self.shown.get(entry.id, (0, 0, 0))

    def described(self, entry):
        pending, latency, _ = self.load_of(entry)
        return {
            "status": "unavailable" if self.standing in SILENT else entry.status,
            "status_reason": str(self.standing) if self.standing in SILENT else entry.status_reason,
            "weight": entry.weight,
            "priority": entry.priority,
            "base_url": entry.base_url,
            "health": entry.health,
            "intent": entry.intent,
            "pending": pending,
            "avg_latency_ms": latency,
        }

    def item(self, node_id, group):
        speaker = next((entry for entry in group if entry.status == "available"), group[0])
        latencies = [self.load_of(entry)[1] for entry in group if self.load_of(entry)[1]]
        item = {
            **self.described(speaker),
            "node_uuid": node_id,
            "stale": self.standing in (Standing.SUSPECT, Standing.UNREACHABLE),
            "pending": sum(self.load_of(entry)[0] for entry in group),
            "avg_latency_ms": sum(latencies) // len(latencies) if latencies else 0,
        }
        if len(group) > 1:
            item["instances"] = [{"id": entry.id, **self.described(entry)} for entry in group]
        return item


class NaiveCluster:
    def __init__(self):
        self.nodes = {}
        self.since = {}

    def note(self, now_ms):
        """After each step: since when what is as it is."""
        statuses = {key: self.statuses(row) for key, row in self.rows().items()}
        before = self.since
        self.since = {
            key: before[key] if key in before and before[key][0] == status else (status, now_ms)
            for key, status in statuses.items()
        }

    def rows(self):
        """(kind, name) to its row, by name and kind."""
        groups = {}
        for node_id in sorted(self.nodes):
            for key, group in self.nodes[node_id].groups().items():
                groups.setdefault(key, []).append((node_id, group))
        return {key: self._row(key, groups[key]) for key in sorted(groups, key=lambda key: (key[1], key[0]))}

    def _row(self, key, groups):
        items = [self.nodes[node_id].item(node_id, group) for node_id, group in groups]
        entries = [entry for _, group in groups for entry in group]
        down = [item for item in items if item["status"] == "unavailable"]
        wanted = [item for item in down if item["intent"] == "enabled"]
        reasons = [item["status_reason"] for item in wanted or down]
        latencies = [item["avg_latency_ms"] for item in items if item["avg_latency_ms"]]
        return {
            "name": key[1],
            "kind": key[0],
            "operations": union(entry.operations for entry in entries),
            "features": union(entry.features for entry in entries),
            "transports": union(entry.transports for entry in entries),
            "models": union([model.id for model in entry.models] for entry in entries),
            "tags": tags(entries),
            "weights": union([entry.weight] for entry in entries),
            "priorities": union([entry.priority] for entry in entries),
            "status": "available" if len(down) < len(items) else "unavailable",
            "status_reason": min(set(reasons), key=lambda reason: (-reasons.count(reason), reason), default=""),
            "since": self.since.get(key, (None, None))[1],
            "available_nodes": len(items) - len(down),
            "total_nodes": len(items),
            "stale_nodes": sum(item["stale"] for item in items),
            "health": {word: count(items, "health", word) for word in ("healthy", "unhealthy", "unknown")},
            "intents": {word: count(items, "intent", word) for word in ("enabled", "draining", "disabled")},
            "pending": sum(item["pending"] for item in items),
            "avg_latency_ms": sum(latencies) // len(latencies) if latencies else 0,
            "nodes": items,
        }

    def offers_all(self, key):
        return any(
            not entry.operations for node in self.nodes.values() for entry in node.groups().get(key, ()) if not entry.operations
        )

    def statuses(self, row):
        if not row["available_nodes"]:
            return {"unavailable"}
        return {"available"} | ({"degraded"} if row["available_nodes"] < row["total_nodes"] else set())

    def wants(self, wanted, key, row):
        nodes = {item["node_uuid"] for item in row["nodes"]}
        texts = [row["name"].casefold(), row["kind"].casefold(), *(model.casefold() for model in row["models"])]
        return (
            (not wanted.kinds or row["kind"] in wanted.kinds)
            and (not wanted.operations or bool(wanted.operations & set(row["operations"])) or self.offers_all(key))
            and (not wanted.transports or bool(wanted.transports & set(row["transports"])))
            and (not wanted.models or bool(wanted.models & set(row["models"])))
            and (not wanted.tags or any(tag in wanted.tags or tag.split("=")[0] in wanted.tags for tag in row["tags"]))
            and (not wanted.intents or any(row["intents"][intent] for intent in wanted.intents))
            and (not wanted.nodes or bool(wanted.nodes & nodes))
            and (not wanted.statuses or bool(wanted.statuses & self.statuses(row)))
            and all(any(word in text for text in texts) for word in wanted.words)
        )

    def facets(self):
        rows = self.rows()
        return {
            "kind": counted([row["kind"]] for row in rows.values()),
            "operation": counted(row["operations"] for row in rows.values()),
            "status": counted(self.statuses(row) for row in rows.values()),
            "model": counted(row["models"] for row in rows.values()),
            "node": counted([item["node_uuid"] for item in row["nodes"]] for row in rows.values()),
        }

    def model(self, model_id):
        """backends, backends available, nodes, nodes available."""
        keys, keys_up, nodes, nodes_up = set(), set(), set(), set()
        for node_id, node in self.nodes.items():
            for entry in node.entries.values():
                if model_id in [model.id for model in entry.models]:
                    keys.add((entry.kind, entry.name))
                    nodes.add(node_id)
                    if entry.status == "available" and node.standing not in SILENT:
                        keys_up.add((entry.kind, entry.name))
                        nodes_up.add(node_id)
        return len(keys), len(keys_up), len(nodes), len(nodes_up)


def union(parts):
    return sorted({word for part in parts for word in part})


def tags(entries):
    """`key=value` of all metadata; `key=*` where there are very many values; so many at most."""
    values = {}
    for entry in entries:
        for key, value in entry.metadata.items():
            values.setdefault(key, set()).add(value)
    wide = {key for key, some in values.items() if len(some) > words.VALUES_MOST}
    texts = {f"{key}=*" if key in wide else f"{key}={value}" for key, some in values.items() for value in some}
    return sorted(texts)[: words.TAGS_MOST]


def count(items, field, word):
    return sum(item[field] == word for item in items)


def counted(values):
    counts = {}
    for some in values:
        for value in some:
            counts[value] = counts.get(value, 0) + 1
    return counts
