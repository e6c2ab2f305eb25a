"""A limit on the size of a request's body, applied while the body arrives."""

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tjugo.web.headers import header

JSON_LIMIT = 64 * 1024
FORM_LIMIT = 10 * 1024
FILE_LIMIT = 20 * 1024 * 1024
_OF_FILES = ("/import", "/api/v1/imports")


class BodyLimit:
    """ASGI middleware. The exception is raised where the application reads the body, so that it is
    handled like any other."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        form = "form" in (header(scope, b"content-type") or "")
        limit = FORM_LIMIT if form else JSON_LIMIT
        if scope["path"] in _OF_FILES:
            limit = FILE_LIMIT
        announced = header(scope, b"content-length") or "0"
        too_large = announced.isdecimal() and int(announced) > limit
        received = 0

        async def limited() -> Message:
            nonlocal received, too_large
            if not too_large:
                message = await receive()
                received += len(message.get("body", b""))
                too_large = received > limit
            if too_large:
                raise HTTPException(413, f"The request is larger than {limit // 1024} KB.")
            return message

        await self._app(scope, limited, send)
