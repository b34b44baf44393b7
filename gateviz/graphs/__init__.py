"""Recognizers as ONNX graphs, without torch: made from gateviz's own files, with every gate as an output, and their metadata."""
