"""The master station of Tjugo and its command line tools."""

__version__ = "0.1.0"
