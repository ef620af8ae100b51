"""`python -m osteon` is `osteon`."""

from osteon.cli.app import main

if __name__ == "__main__":
    main()
