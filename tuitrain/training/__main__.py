"""``python -m tuitrain.training``: a trainer in stand-by; see `tuitrain.training.standby`."""

import sys

from tuitrain.training.output import keep_stdout


def main() -> int:
    answers = keep_stdout()  # before anything is imported that might print
    from tuitrain.training.standby import StandbyServer

    return StandbyServer(sys.stdin.buffer, answers).serve()


if __name__ == "__main__":
    sys.exit(main())
