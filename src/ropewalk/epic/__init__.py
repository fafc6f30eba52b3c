"""The life of an epic: one module per phase; ``life`` knows the order and builds the graph."""
