"""X-Request-Id: each answer has the id by which the log names its request."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tjugo import request_id
from tjugo.web.headers import header

HEADER = "x-request-id"
_NAME = HEADER.encode()


class RequestIds:
    """ASGI middleware. A request keeps the id that its client gave it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        # Not reset at the end: the handler of unforeseen errors is outside, in the same task.
        pair = (_NAME, request_id.begin(header(scope, _NAME)).encode())

        async def wrapped(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message.get("headers", ()), pair]}
            await send(message)

        await self._app(scope, receive, wrapped)
