"""The command `python -m tjugo.wiring`."""

import sys

from tjugo.wiring.pages import main

if __name__ == "__main__":
    sys.exit(main())
