"""How a line image becomes a network's input and back: crop, resize, pad, deskew, the arithmetic of receptive fields."""
