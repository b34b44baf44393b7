"""What adapters stand on: the file, what the user says of it, the alphabet, the evidence, the tensors, the state_dict lineage."""
