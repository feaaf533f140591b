"""What the ASGI packages share: endpoints as data, who may do what, answers, pages, and streams of events.

Nothing here knows a registry, so that the node API and whatever else speaks HTTP are checked, paged and streamed by one and the
same code.
"""

from backend_registry._web.answers import json_answer, known_or_new, problem
from backend_registry._web.auth import (
    Access,
    Auth,
    ClientKeys,
    Role,
    host_asked,
    is_from_here,
    is_loopback,
    refusal_to_listen,
    tokens_of,
)
from backend_registry._web.connect import Int64, Message, RpcError, UInt64, rpc_error_of, rpc_route
from backend_registry._web.encodings import preferred_encoding
from backend_registry._web.endpoints import Answer, Call, Endpoint, EndpointRoute, endpoint_routes
from backend_registry._web.openapi import FieldError, ProblemDetails, document_of
from backend_registry._web.page import INSTALLED_PAGE, BuiltPage, UnusablePageError, page_routes, read_page
from backend_registry._web.paging import Cursor, Limit, Offset, Page, Window, page_of
from backend_registry._web.queries import Commas, Name, Names, PageQuery, Query, Truth
from backend_registry._web.reading import RefusedRequestError
from backend_registry._web.rpc_backend import Enumerated, RpcBackend, RpcStatus
from backend_registry._web.sse import EventStreamAnswer
from backend_registry._web.streams import Entry, EventRing, Filter, Shape, Subscription, TooManyReadersError

__all__ = (
    "INSTALLED_PAGE",
    "Access",
    "Answer",
    "Auth",
    "BuiltPage",
    "Call",
    "ClientKeys",
    "Commas",
    "Cursor",
    "Endpoint",
    "EndpointRoute",
    "Entry",
    "Enumerated",
    "EventRing",
    "EventStreamAnswer",
    "FieldError",
    "Filter",
    "Int64",
    "Limit",
    "Message",
    "Name",
    "Names",
    "Offset",
    "Page",
    "PageQuery",
    "ProblemDetails",
    "Query",
    "RefusedRequestError",
    "Role",
    "RpcBackend",
    "RpcError",
    "RpcStatus",
    "Shape",
    "Subscription",
    "TooManyReadersError",
    "Truth",
    "UInt64",
    "UnusablePageError",
    "Window",
    "document_of",
    "endpoint_routes",
    "host_asked",
    "is_from_here",
    "is_loopback",
    "json_answer",
    "known_or_new",
    "page_of",
    "page_routes",
    "preferred_encoding",
    "problem",
    "read_page",
    "refusal_to_listen",
    "rpc_error_of",
    "rpc_route",
    "tokens_of",
)
