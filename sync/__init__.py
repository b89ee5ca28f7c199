"""Moves documents between peers and does not know what they mean.

    errors        what can go wrong, ours and theirs
    strict_json   the only way JSON comes in
    revisions     edit histories: merge, winner, stemming (pure)
    event_ids     the name of a case event and what its revision must be (pure)
    peer          the six methods that make a peer, and the values that travel between peers
    wire          a revision as CouchDB writes it, to bytes and back (pure)
    store/        the embedded peer: one SQLite file
    ledger        numbers events without gaps, in the transaction that writes them
    replicate     carries what one peer has and another lacks
    remote        a peer reached over HTTP
    endpoint/     the store as others reach it over HTTP, in CouchDB's dialect
    cli           bianmin-sync

Imports nothing of schemas, station or hub: judgements come in as arguments.
"""
