"""Programs that change code: how they are told, started, watched and understood.

An adapter knows one kind of agent and nothing else: four functions without side effects, behind one
Protocol and one literal table. Process trees, deadlines, logs, secrets and environments belong to
the one runner. What an agent says is handed on as its claim; nobody here judges its work.
"""
