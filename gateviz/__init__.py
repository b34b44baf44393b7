"""gateviz: see what the gates of a text recognizer do."""
