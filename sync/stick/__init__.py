"""A stick: what one server of ours has for another, in one file that a person carries.

    file      the form of the file: who wrote it for whom, signed; what is in it, sealed; told whole or not before it is opened
    load      what goes into it, and what comes out: documents and statements as `sync.exchange.message` packs them
    folder    how it gets onto a stick of any kind: aside, read back, renamed

Moves documents and does not know what they mean. Whose keys count, who gets what and what may come in is not decided here:
`station.stick`.
"""
