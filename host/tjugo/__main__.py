"""`python -m tjugo` is the `tjugo` command."""

from tjugo.cli import main

if __name__ == "__main__":
    main()
