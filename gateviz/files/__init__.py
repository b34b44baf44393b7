"""What is read from and written to disk: line images, folders of them, tensor files."""
