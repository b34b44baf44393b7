"""ONNX graphs of recognizers: run by ONNX Runtime up to the first recurrent node, rebuilt in torch from there."""
