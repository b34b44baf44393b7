"""WHAT to draw, as plain data on one column axis. No drawing library is known here."""
