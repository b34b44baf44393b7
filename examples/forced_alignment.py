"""Where would the network have put the text it should have read?

Greedy decoding shows what was read; forced alignment puts the true text under the frames, so that a
dropped letter has columns to look at.
"""

import gateviz

TRUTH = "A balloon committee, 27 Coffee Street."

recording = gateviz.record(gateviz.load(), gateviz.sample())
alignment = gateviz.align(recording, TRUTH)
for span in alignment.spans:
    left, right = recording.grid.columns(span.start, span.stop)
    print(f"{span.symbol!r:5} columns {left:6.1f} to {right:6.1f}  log probability {span.log_prob:6.2f}")

gateviz.plot.save(gateviz.plot.alignment(recording, text=TRUTH), "forced_alignment.png")
