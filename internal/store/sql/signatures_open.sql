SELECT s.content, s.person, s.idx, s.approval
FROM signatures s JOIN proposals p ON p.content = s.content
WHERE NOT EXISTS (SELECT a.act_key FROM acts a WHERE a.content = p.content)
ORDER BY s.content, s.person
