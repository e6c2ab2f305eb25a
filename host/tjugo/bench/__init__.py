"""The workbench: the whole system on one machine."""
