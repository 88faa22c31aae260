"""Study of locatelli2018: its figures, text and contradictions beside ours."""
