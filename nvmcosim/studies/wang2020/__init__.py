"""The study of wang2020: floating point inside SOT-MRAM."""
