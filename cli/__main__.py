"""Let `python -m cli` be the command line too."""

from cli.main import main

if __name__ == "__main__":
    main()
