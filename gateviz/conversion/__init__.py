"""Recognizers of any lineage as ONNX graphs: traced by torch, made small in int8, and written."""
