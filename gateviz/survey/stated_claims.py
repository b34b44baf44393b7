"""The claims that come with gateviz: what write-ups of text recognizers say about their gates, made precise."""

from gateviz.measure.line_events import Borders
from gateviz.survey.claim import Claim, Sign, Statistic

_MEMORY = "The forget gate is highly active at sentence starts and punctuation and so clears old memory."
_LITTLE_INK = "A control for punctuation: a space is as bare of ink and ends no thought."
_WARM_UP = "A control for sentence starts: many of them are the line's start, where the state has no past yet."
_ONSET = "The input gate responds at the start of a new character or word."
_STABLE = "The output gate is stable after a complete unit."
_CONTEXT = "An LSTM carries context across a long line, not just within a character."

STATED: tuple[Claim, ...] = (
    # As it is told, and as the equations would need it: f = 1 keeps, so that clearing is a LOW forget gate.
    Claim("forget-high-at-punctuation", "forget_gate", "punctuation", says=_MEMORY),
    Claim("punctuation-clears-memory", "forget_gate", "punctuation", sign=Sign.LOWER, says=_MEMORY),
    # Whether punctuation is special, or any place with little ink.
    Claim("spaces-clear-memory", "forget_gate", "space", sign=Sign.LOWER, says=_LITTLE_INK),
    Claim("forget-high-at-sentence-starts", "forget_gate", "sentence", says=_MEMORY),
    Claim("sentence-starts-clear-memory", "forget_gate", "sentence", sign=Sign.LOWER, says=_MEMORY),
    Claim("line-starts-clear-memory", "forget_gate", "line", "onset", sign=Sign.LOWER, says=_WARM_UP),
    Claim("input-high-at-symbol-onsets", "input_gate", "any", "onset", says=_ONSET),
    Claim("input-high-at-word-onsets", "input_gate", "word", "onset", says=_ONSET),
    Claim(
        "output-stable-after-symbols", "output_gate", "any", "end", sign=Sign.LOWER, statistic=Statistic.STEP,
        says=_STABLE, borders=Borders.EMITTED, offset=1,
    ),
    Claim(
        "output-stable-after-words", "output_gate", "word", "end", sign=Sign.LOWER, statistic=Statistic.STEP,
        says=_STABLE, borders=Borders.EMITTED, offset=1,
    ),
    Claim("memory-beyond-a-symbol", "forget_gate", statistic=Statistic.TIMESCALE, says=_CONTEXT),
    Claim(
        "memory-across-a-line", "forget_gate", statistic=Statistic.TIMESCALE, says=_CONTEXT, share=0.1, symbols=10.0
    ),
    # Whether what could be kept is answered to: the effective context holds all but a tenth.
    Claim("context-beyond-a-symbol", "hidden_state", statistic=Statistic.CONTEXT, says=_CONTEXT, share=0.1),
    Claim("context-across-a-line", "hidden_state", statistic=Statistic.CONTEXT, says=_CONTEXT, share=0.1, symbols=10.0),
)  # fmt: skip
