"""The tables of the HTTP reference pages, from the document that is served; called by generate_reference.py."""

from collections.abc import Iterable
from typing import Any

from backend_registry._web import Endpoint
from backend_registry.hub import ENDPOINTS as HUB_ENDPOINTS
from backend_registry.node import openapi_document
from backend_registry.node.schemas import BackendEntry
from backend_registry.node.table import ENDPOINTS

FIELDS = {
    "id": "which one",
    "name": "for people; the id if it has no other",
    "kind": "its type, such as `vllm`",
    "base_url": "root of the server, without user, password and query",
    "status": "whether it may be picked",
    "status_reason": "why not, in a few words; or a remark",
    "health": "what checks have found",
    "intent": "what operators want",
    "ejected_until": "when it will be back, if it is left alone for a while",
    "ejection": "why it is left alone",
    "on_trial": "whether its next request decides if it is back",
    "warmup_s": "seconds in which it gets back to its full share after a failure",
    "warming": "whether it is getting there",
    "models": "what it serves, with context length, capabilities and residency",
    "operations": "what it offers; empty means anything",
    "features": "free words",
    "transports": "how it can be reached",
    "weight": "share of traffic relative to others",
    "priority": "lower is preferred, by policies that look at it",
    "instance_id": "the runtime instance behind it",
    "discovery_source": "how it became known",
    "pending_requests": "requests in flight",
    "total_requests": "requests that have ended",
    "avg_latency_ms": "moving average of good requests",
    "reported_load": "requests that the server itself says it works on, and that wait in it",
    "last_health_check": "when it was last checked",
    "last_error": "of the last check",
    "credentials": "names of the environment variables that it needs, and whether each is set; never a value",
}
"""What the schema of a view does not say, since its docstring says it of all of them."""

Schema = dict[str, Any]


def type_of(schema: Schema) -> str:
    """A JSON schema's type in words."""
    if "$ref" in schema:
        return f"`{schema['$ref'].rpartition('/')[2]}`"
    if "anyOf" in schema:
        return " or ".join(type_of(option) for option in schema["anyOf"])
    if "enum" in schema or "const" in schema:
        return " or ".join(f"`{choice}`" for choice in schema.get("enum", [schema.get("const")]))
    if schema.get("type") == "array":
        return f"list of {type_of(schema['items'])}"
    words = {"string": "text", "object": "object"}
    return "time" if schema.get("format") == "date-time" else words.get(schema["type"], schema["type"])


def range_of(schema: Schema) -> str:
    """Its limits."""
    return "".join(f" {word} {schema[key]:,}" for key, word in (("minimum", "from"), ("maximum", "to")) if key in schema)


def parameter_type(schema: Schema, schemas: Schema) -> str:
    """The type of one value of a parameter, with all choices written out."""
    one = schema.get("items", schema)
    one = next((option for option in one.get("anyOf", []) if option["type"] != "null"), one)
    one = schemas[one["$ref"].rpartition("/")[2]] if "$ref" in one else one
    return type_of(one) + range_of(one)


def operation_section(method: str, path: str, operation: Schema, schemas: Schema) -> str:
    """One operation: what it is for, who may, its parameters and answers."""
    roles = [role for demand in operation["security"] for role in demand["bearer"]]
    parts = [f"### `{method.upper()} {path}`\n\n{operation['summary']}. For {f'the {roles[0]}' if roles else 'everybody'}."]
    if "description" in operation:
        parts.append(operation["description"])
    parameters = [parameter for parameter in operation["parameters"] if parameter["in"] == "query"]
    if parameters:
        rows = "".join(
            f"\n| `{parameter['name']}` | {parameter_type(parameter['schema'], schemas)} | {parameter['description']} |"
            for parameter in parameters
        )
        parts.append(f"| parameter | values | meaning |\n|---|---|---|{rows}")
    if "requestBody" in operation:
        parts.append(
            body_table(schemas[operation["requestBody"]["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]])
        )
    rows = "".join(f"\n| {status} | {answer['description']} |" for status, answer in sorted(operation["responses"].items()))
    parts.append(f"| status | when |\n|---|---|{rows}")
    return "\n\n".join(parts)


def body_table(schema: Schema) -> str:
    """The fields of a body."""
    required = schema.get("required", [])
    rows = "".join(
        f"\n| `{name}` | {type_of(field)}{range_of(field)} | {'required' if name in required else 'optional'} |"
        for name, field in schema["properties"].items()
    )
    return f"{schema['description']}\n\n| key | values | |\n|---|---|---|{rows}"


def entry_section() -> str:
    """The fields of an entry."""
    rows = "".join(
        f"\n| `{name}` | {type_of(field)} | {field.get('description') or FIELDS[name]} |"
        for name, field in BackendEntry.model_json_schema(mode="serialization")["properties"].items()
    )
    return f"## A backend's entry\n\n| field | type | meaning |\n|---|---|---|{rows}"


def endpoint_sections(endpoints: Iterable[Endpoint[Any]]) -> list[str]:
    """A section for each endpoint."""
    table = tuple(endpoints)
    document = openapi_document(table)
    schemas = document["components"]["schemas"]
    return [
        operation_section(endpoint.method, endpoint.path, document["paths"][endpoint.path][endpoint.method.lower()], schemas)
        for endpoint in table
    ]


def http_api() -> str:
    """Every endpoint of the node API, and the fields of an entry."""
    return "\n\n".join(["## The node API, endpoint by endpoint", *endpoint_sections(ENDPOINTS), entry_section()])


def hub_api() -> str:
    """Every endpoint of the hub's API."""
    return "\n\n".join(["## The hub's API, endpoint by endpoint", *endpoint_sections(HUB_ENDPOINTS)])
