"""A network becomes an ONNX file."""
