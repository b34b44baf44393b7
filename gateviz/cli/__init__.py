"""The command line: one command a file, each parses, calls the library once and prints.

Nothing heavy is imported before a command runs, so that ``--help`` is quick.
"""
