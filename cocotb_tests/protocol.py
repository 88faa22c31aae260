"""What a controller must not do, whatever the memory then holds."""

import enum

__all__ = ["Fault"]


class Fault(enum.IntFlag):
    """Breaches of the protocol between controller and array, as one bit each."""

    #: A cell was driven for another number of clocks than its plan's.
    PULSE = 1
    #: A cell was driven while no command was under way.
    UNCALLED = 2
    #: The array was read while a cell was driven.
    READ = 4
    #: A row past the last was addressed.
    ROW = 8
    #: An output was neither 0 nor 1.
    UNDEFINED = 16
    #: A cell was driven on another amplitude than its stage's.
    AMPLITUDE = 32
    #: A config write was accepted under a command, or not between commands, or a command before it.
    CONFIG = 64
    #: A reply came without a read, or changed before it was taken.
    REPLY = 128
