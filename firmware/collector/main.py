"""A board's entry point: the collector."""

import board

from collector import app

app.run(board)
