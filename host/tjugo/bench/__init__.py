"""The workbench: the whole chain on one machine."""
