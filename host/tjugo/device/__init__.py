"""Boards on the desk, real or emulated: compiled for, filled, told who they are, measured."""
