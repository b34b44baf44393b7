"""Recognizers read and recorded by ONNX Runtime and numpy alone."""
