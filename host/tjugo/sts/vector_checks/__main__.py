"""The checks as a program for MicroPython: one vector per line as JSON, one result per line.

The result is null for an unknown kind, else the list of differences. The parent folder must be in
the path.
"""

import json
import sys

from vector_checks import check

for line in sys.stdin:
    if line.strip():
        print(json.dumps(check(json.loads(line))))
