"""``make bench``: measure Pneumatic Dash against its peers, in the same run on the same machine.

Figures are medians of several repeats; where memory counts, each repeat is a process of its own. Nothing here is
a test: timings are never asserted, a bar that is missed is said so in the table.
"""
