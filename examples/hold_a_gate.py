"""Hold a gate shut over some columns and read again: what does the memory carry there?"""

import gateviz

image = gateviz.sample()
recognizer = gateviz.load()
plain = gateviz.record(recognizer, image)
last = max(trace.layer for trace in plain.traces)

held = gateviz.record(recognizer, image, edits=[gateviz.clamp("forget_gate", 0.0, layer=last, columns=(120, 200))])
print(f"as it is:      {plain.text}")
print(f"f held at 0:   {held.text}")
gateviz.plot.save(gateviz.plot.gates(held, layers=[last]), "hold_a_gate.png")
