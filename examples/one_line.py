"""One line, all gates: what did the memory do under each letter?

python examples/one_line.py [IMAGE [CHECKPOINT]]
"""

import sys

import gateviz

image = sys.argv[1] if len(sys.argv) > 1 else gateviz.sample()
recognizer = gateviz.load(sys.argv[2]) if len(sys.argv) > 2 else gateviz.load()

recording = gateviz.record(recognizer, image)
print(recording.text)
for trace in recording.traces:
    print(
        f"layer {trace.name}: {trace.frame_count} frames x {trace.unit_count} units, mean f = {trace.forget_gate.mean():.3f}"
    )

gateviz.plot.save(gateviz.plot.gates(recording), "one_line.png")
