"""`python -m foldgate`: the same as the `foldgate` command."""

from foldgate.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
