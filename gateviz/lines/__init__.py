"""Line images on their way through any recognizer: prepared, batched, placed and remarked on, whatever runs the network."""
