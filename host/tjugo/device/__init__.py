"""Boards on the desk: building, starting, filling and measuring them from the host."""
