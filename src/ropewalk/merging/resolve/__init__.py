"""Resolution with proof: what could resolve a conflict, and which of it counts.

Nothing here decides anything by itself: a candidate is only taken when it was proved.
"""
