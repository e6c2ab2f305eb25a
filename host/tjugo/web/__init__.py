"""The station's web pages and JSON interface."""

from tjugo.web.app import create_app

__all__ = ["create_app"]
