"""The study of ono2021: approximate storing to MRAM by store domains."""
