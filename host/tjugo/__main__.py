"""The `tjugo` command as `python -m tjugo`."""

from tjugo.commands.main import main

if __name__ == "__main__":
    main()
