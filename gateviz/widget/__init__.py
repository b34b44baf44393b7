"""The interactive explorer: in Jupyter (``explorer``, ``gallery``), and as one HTML file (``html``), which needs no Jupyter."""
