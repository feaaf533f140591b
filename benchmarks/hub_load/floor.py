"""What any answer to a report costs: an ASGI application that takes in the body and says yes.

`python -m benchmarks.hub_load.floor PORT` serves it as the hub is served, by uvicorn on uvloop with httptools.
"""

import sys
from typing import Any

import uvicorn

_ANSWER = b'{"result":"applied"}'
_START = {
    "type": "http.response.start",
    "status": 200,
    "headers": [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(_ANSWER))],
}
_BODY = {"type": "http.response.body", "body": _ANSWER}


async def application(scope: Any, receive: Any, send: Any) -> None:
    """Yes to everything."""
    if scope["type"] != "http":
        return
    more = True
    while more:
        more = (await receive()).get("more_body", False)
    await send(_START)
    await send(_BODY)


if __name__ == "__main__":
    uvicorn.run(application, port=int(sys.argv[1]), log_level="error", access_log=False, lifespan="off", ws="none")
