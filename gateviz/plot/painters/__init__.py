"""How each panel is drawn: one painter a panel type."""
