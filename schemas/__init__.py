"""What a document is and what it means: tables, numbers, working days, the case lifecycle, document schemas.

Pure. Nothing in this package reads a clock, a disk (but its own data/), the network or a source of chance,
and it imports no other package of ours.
"""
