"""What holding units does to the reading, group by group over a corpus."""
