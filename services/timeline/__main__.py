"""Where the command begins: a quarter of its second goes by in looking for cycles among modules that are only being read."""

from services.timeline.cycles import collect_rarely


def main() -> None:
    """Run the command."""
    collect_rarely()
    from services.timeline.cli import main as run  # noqa: PLC0415  (what is read here is most of the start)

    run()


if __name__ == "__main__":
    main()
