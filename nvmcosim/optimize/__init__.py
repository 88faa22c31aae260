"""The plan of least write energy for a network, a device and an accuracy budget.

Vocabulary: a *layer* is a set of parameters that share a plan; a *slot* is one bit position of one
layer; an *assignment* gives each slot a pulse on the device's grid. The *search* trains at a
reduced size, the *check* at full size; both are judged on images held out of the training set, so
that the test images have no part in the choice. The *report* alone looks at the test images.
"""
