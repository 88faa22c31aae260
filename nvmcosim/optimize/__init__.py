"""The plan of least write energy for a network, a device and an accuracy budget.

Vocabulary: a *layer* is a set of parameters that share a plan; a *slot* is one bit position of one
layer; an *assignment* gives each slot a pulse on the device's grid.

Trainings that *screen* single bits are small, those that *check* plans are larger; both are judged
on images held out of the training set, so that the test images have no part in the choice. The
*test* of the chosen plan comes last.
"""
