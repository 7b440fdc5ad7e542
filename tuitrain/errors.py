"""What a user can get wrong, said in one clear sentence."""


class TuitrainError(Exception):
    """A mistake that the user can mend.

    The message is shown as it stands, without a traceback: it names the place, what was found
    and what to do about it.
    """


class Refused(TuitrainError):
    """An input that cannot be used (exit status 2): a bad value, a missing file, an absent device."""


class MissingData(Refused):
    """A data set that is not on this machine and could not be downloaded."""


class UnknownRun(Refused):
    """A RUN on a command line that names no run, or more than one."""
