"""Study of ho2021: approximate WOM codes on phase-change memory, its figures beside ours."""
