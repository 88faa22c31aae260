"""One module a paper: what it published, beside what this project measures."""
