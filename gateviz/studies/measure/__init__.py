"""What the gates of every layer do over a corpus."""
