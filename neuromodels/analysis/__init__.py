"""From stored arrays to statements: intervals, effects of a setting, decoding, recovery.

Everything here takes plain arrays and returns numbers; nothing knows Brian2 or a run folder.
"""
