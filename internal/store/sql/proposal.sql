SELECT p.content, p.idx, p.kind, p.author, p.proposal
FROM proposals p WHERE p.content = $1
