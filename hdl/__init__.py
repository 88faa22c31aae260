"""Amaranth RTL, generated from the plans and tables of the golden model."""
