"""From an epic to a plan: which domains, which files, in what order, and whether it pays."""
