"""The OpenAPI document (3.1) of a table of endpoints, with the schemas that requests are checked by and answers are made of."""

import re
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any, Final

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from backend_registry._web.auth import Access
from backend_registry._web.endpoints import Answer, Endpoint

__all__ = ("FieldError", "ProblemDetails", "document_of")

_REF: Final = "#/components/schemas/{model}"
_ROLES: Final = {Access.READ: ["viewer"], Access.METRICS: ["viewer"], Access.ADMIN: ["admin"]}
_UNAUTHORIZED: Final = {401: "A token is needed, or it is not known.", 403: "The token is of too small a role."}
_OF_A_QUERY: Final = {400: "A query parameter is out of its range; `errors` says which."}
_OF_A_BODY: Final = {
    400: "The body is not JSON, or a query parameter is out of its range.",
    408: "The body did not arrive in time.",
    413: "The body is too large.",
    415: "The body is not declared as JSON.",
    422: "Fields are wrong; `errors` says which, and what would be accepted.",
}
_OF_A_VERB: Final = {415: "There is a body, and it is not declared as JSON."}

Json = dict[str, Any]


class FieldError(BaseModel):
    """What is wrong with one field, and what would be accepted."""

    field: str
    problem: str
    remedy: str


class ProblemDetails(BaseModel):
    """Why a request was not done (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    errors: list[FieldError] = []


def document_of(endpoints: Iterable[Endpoint[Any]], *, title: str, version: str, description: str) -> Json:
    """The document.

    Args:
        endpoints: the table.
        title: of the API.
        version: of the API.
        description: of the API, as CommonMark.
    """
    table = tuple(endpoints)
    schemas = _Schemas(table)
    paths: dict[str, Json] = {}
    for endpoint in table:
        paths.setdefault(endpoint.path, {})[endpoint.method.lower()] = _operation(endpoint, schemas)
    return {
        "openapi": "3.1.0",
        "info": {"title": title, "version": version, "description": description, "license": _LICENSE},
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": schemas.components,
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer", "description": _SECURITY}},
        },
    }


_LICENSE: Final = {"name": "Apache-2.0", "identifier": "Apache-2.0"}
_SECURITY: Final = (
    "The token in the variable that `[auth]` names. On a loopback address without any token none is asked for; then the Host "
    "header must be a loopback name."
)


class _Schemas:
    """The JSON schemas of all models in a table, by name."""

    def __init__(self, endpoints: Iterable[Endpoint[Any]]) -> None:
        models: dict[tuple[type[BaseModel], Any], None] = {(ProblemDetails, "serialization"): None}
        asked: set[type[BaseModel]] = set()
        for endpoint in endpoints:
            models |= {(kind, "validation"): None for kind in (endpoint.query, endpoint.body) if kind is not None}
            models |= {(answer.model, "serialization"): None for answer in endpoint.answers.values() if answer.model}
            asked |= {endpoint.query} if endpoint.query else set()
        self._by_model, definitions = models_json_schema(list(models), ref_template=_REF)
        self._all: Json = definitions["$defs"]
        # A query is no object on the wire, only a set of parameters.
        queries = set(map(self._name, asked))
        self.components: Json = {name: schema for name, schema in self._all.items() if name not in queries}

    def of(self, model: type[BaseModel]) -> Json:
        """A reference to the schema of what is sent."""
        return self._by_model[model, "serialization"]

    def accepted(self, model: type[BaseModel]) -> Json:
        """A reference to the schema of what is taken."""
        return self._by_model[model, "validation"]

    def _name(self, taken: type[BaseModel]) -> str:
        """The name of the schema of what is taken: longer than that of the model, if two models have the same."""
        return str(self.accepted(taken)["$ref"].removeprefix(_REF.format(model="")))

    def properties(self, query: type[BaseModel]) -> Json:
        """Name to schema of the parameters of a query."""
        schema = self._all[self._name(query)]
        return {name: {**part, "required": name in schema.get("required", [])} for name, part in schema["properties"].items()}


def _operation(endpoint: Endpoint[Any], schemas: _Schemas) -> Json:
    operation: Json = {
        "operationId": endpoint.handler.__name__,
        "summary": endpoint.summary,
        **({"description": endpoint.description} if endpoint.description else {}),
        "parameters": [*_path_parameters(endpoint.path), *_query_parameters(endpoint, schemas)],
        "responses": _responses(endpoint, schemas),
        "security": [{"bearer": roles}] if (roles := _ROLES.get(endpoint.access)) else [],
    }
    if endpoint.body is not None:
        operation["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": schemas.accepted(endpoint.body)}},
        }
    return operation


def _path_parameters(path: str) -> list[Json]:
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "description": "Percent-encoded, slashes as well.",
            "schema": {"type": "string", "minLength": 1},
        }
        for name in re.findall(r"{(\w+)}", path)
    ]


def _query_parameters(endpoint: Endpoint[Any], schemas: _Schemas) -> list[Json]:
    if endpoint.query is None:
        return []
    return [
        {
            "name": name,
            "in": "query",
            "required": part["required"],
            "description": part.get("description", ""),
            "schema": {key: value for key, value in part.items() if key not in ("description", "required", "title")},
        }
        for name, part in schemas.properties(endpoint.query).items()
    ]


def _responses(endpoint: Endpoint[Any], schemas: _Schemas) -> Json:
    responses = {str(status): _response(answer, schemas) for status, answer in endpoint.answers.items()}
    for status, text in sorted(problems_of(endpoint).items()):
        responses[str(status)] = {
            "description": text,
            "content": {"application/problem+json": {"schema": schemas.of(ProblemDetails)}},
        }
    return responses


def _response(answer: Answer, schemas: _Schemas) -> Json:
    response: Json = {"description": answer.description}
    if answer.headers:
        text = {"type": "string"}
        response["headers"] = {name: {"description": words, "schema": text} for name, words in answer.headers.items()}
    if answer.model is not None:
        one = schemas.of(answer.model)
        schema = {"type": "array", "items": one} if answer.many else one
        response["content"] = {answer.media_type: {"schema": schema}}
    elif answer.media_type != "application/json":
        # What is no JSON has no schema; the description says what it is.
        response["content"] = {answer.media_type: {}}
    return response


def problems_of(endpoint: Endpoint[Any]) -> Mapping[int, str]:
    """Status and meaning of every refusal that an endpoint may answer with."""
    problems: dict[int, str] = {}
    if endpoint.access is not Access.OPEN:
        problems |= _UNAUTHORIZED
    if endpoint.query is not None:
        problems |= _OF_A_QUERY
    if endpoint.body is not None:
        problems |= _OF_A_BODY
    elif endpoint.writes:
        problems |= _OF_A_VERB
    problems |= endpoint.problems
    return {status: text or HTTPStatus(status).phrase for status, text in problems.items()}
