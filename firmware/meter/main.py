"""A board's entry point: the meter."""

import board

from meter import app

app.run(board)
