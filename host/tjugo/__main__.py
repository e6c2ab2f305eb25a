"""`python -m tjugo` is the `tjugo` command."""

from tjugo.commands.main import main

if __name__ == "__main__":
    main()
