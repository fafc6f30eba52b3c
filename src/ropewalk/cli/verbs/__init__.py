"""One verb per module, with a click command called `command`; `ropewalk.cli.table` names them."""
