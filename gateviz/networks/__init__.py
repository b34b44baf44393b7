"""gateviz's own recognizers: backbones, one a file, and the CRNN that joins them."""
