"""`python -m kupec.app` is the `kupec` command."""

from kupec.app.cli import main

if __name__ == "__main__":
    main()
