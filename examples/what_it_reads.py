"""Five lines and what the bundled model does on them: commas of two kinds, Chinese, a sentence, doubled letters.

python examples/what_it_reads.py
"""

from pathlib import Path

import gateviz

LINES = ("hello_ascii_comma", "hello_fullwidth_comma", "ten_characters", "english", "doubled_letters")
OUT = Path("what_it_reads")

recognizer = gateviz.load()
OUT.mkdir(exist_ok=True)
for name in LINES:
    recording = gateviz.record(recognizer, gateviz.sample(name))
    gateviz.plot.save(gateviz.plot.gates(recording, title=recording.text), OUT / f"{name}.png")
    print(f"{name}: {recording.text}")
