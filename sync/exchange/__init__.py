"""Exchange: our own dialect between two servers of ours, in which a sync is one request and one answer.

    message    what travels, and how it is packed (pure)
    log        which messages both ends remember (pure)
    side       what one end has to give, and how it takes what comes: the same code at both ends
    calling    the end that asks
    answering  the end that answers

Everything works without it: where it is not spoken, or two ends have nothing in common to go on from, `sync.replicate` does
what it always did. Decides nothing of who may have what; that comes in as `Rights`.
"""
