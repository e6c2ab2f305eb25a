"""Benchmarks by name. Every module here adds its own; `make benchmark` runs them all."""
