-- Open: no act with that content is in the ledger.
SELECT p.content, p.idx, p.kind, p.author, p.proposal
FROM proposals p
WHERE NOT EXISTS (SELECT a.act_key FROM acts a WHERE a.content = p.content)
ORDER BY p.idx
