"""Benchmarks by name. Every module here adds its own; `make bench` runs them all."""
