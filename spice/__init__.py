"""PySpice netlists, characterisation, and the device curves fitted to them."""
