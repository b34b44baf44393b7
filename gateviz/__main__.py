"""``python -m gateviz`` is the command line."""

from gateviz.cli.main import main

if __name__ == "__main__":
    main()
