"""Bending weights towards values that are cheap to generate (mondal2018)."""
