"""Lays the domains of an epic one after another onto one branch.

`build` makes the train off every checkout: domain heads in dependency order, conflicts as data.
`validate` proves the exact tree that would land and finds the domain that breaks it. `land_train`
moves the target once, by a fast-forward, or refuses and says why; `undo_landing` takes it back.
Every commit is a function of its input (heads, order, dates), so a step that was killed and is run
again makes the same commits and finds the same refs.
"""
