"""`ropewalk demo`: a whole epic in a repository of its own, from plan to landing, with no model.

`repository` makes the repository from the files in `project`, `recording` writes what the scripted
agents play from the files in `feature`, and `story` types the commands that a person would type.
"""
