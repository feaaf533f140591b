"""A client that hides nothing: one HTTP request over the standard library, with all that came back."""

import http.client
import json
from typing import NamedTuple
from urllib.parse import urlsplit

TIMEOUT_S = 20


class Answer(NamedTuple):
    status: int
    headers: dict
    body: bytes

    def json(self):
        return json.loads(self.body)


def connect(url):
    parts = urlsplit(url)
    return http.client.HTTPConnection(parts.hostname, parts.port, timeout=TIMEOUT_S)


def send(connection, method, path, body=None, headers=()):
    """One request on an open connection."""
    data = json.dumps(body).encode() if body is not None else None
    connection.request(method, path, body=data, headers=dict(headers))
    response = connection.getresponse()
    return Answer(response.status, {name.lower(): value for name, value in response.getheaders()}, response.read())


def ask(url, method, path, body=None, headers=()):
    """One request on a connection of its own."""
    connection = connect(url)
    try:
        return send(connection, method, path, body, headers)
    finally:
        connection.close()


def chat(url, text="hello there", model="llama3:8b", **more):
    return ask(url, "POST", "/v1/chat/completions", chat_body(text, model, **more))


def chat_body(text="hello there", model="llama3:8b", **more):
    return {"model": model, "messages": [{"role": "user", "content": text}], **more}


def events(answer):
    """The documents of a server-sent event stream, without the final [DONE], which must be there."""
    *documents, end = [line.removeprefix("data: ") for line in answer.body.decode().split("\n\n") if line]
    assert end == "[DONE]"
    return [json.loads(document) for document in documents]
