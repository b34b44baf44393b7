"""What is said of gates, held against a corpus."""
