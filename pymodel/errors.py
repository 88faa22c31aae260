"""Errors that a user is told of in a sentence, without a traceback."""

__all__ = ["InputError", "MissingTool", "ToolError"]


class InputError(ValueError):
    """What a user gave is wrong; the message is one sentence naming the value and what is allowed.

    The command line prints the sentence without a traceback and exits with code 2.
    """


class MissingTool(InputError):
    """A program, library or data set is not installed; the message says which and how to get it."""


class ToolError(RuntimeError):
    """A program that this one runs broke off; the message ends with what that program said.

    The command line prints it without a traceback and exits with code 1.
    """
