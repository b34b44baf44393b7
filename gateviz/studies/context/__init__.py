"""How far away lies what a recognizer answers to."""
