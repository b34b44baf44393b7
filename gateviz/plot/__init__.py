"""Paper-ready figures: matplotlib renders panels, and decides nothing."""
