"""Installed coding agents at work through the command line, against a model server on loopback.

`make test-agents` installs the programs, pinned, and runs these tests where only loopback can be
reached. Where the programs are not installed, the tests are skipped and say so.
"""
