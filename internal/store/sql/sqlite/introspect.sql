-- What there is, one line each: tables, their columns and keys, indexes, and what does not belong.
SELECT m.type || ' ' || m.name FROM sqlite_schema m WHERE substr(m.name, 1, 7) <> 'sqlite_'
UNION ALL
SELECT 'column ' || m.name || '.' || c.name || ' ' ||
    CASE c.type WHEN 'INTEGER' THEN 'integer' WHEN 'TEXT' THEN 'text' WHEN 'BLOB' THEN 'bytes' ELSE c.type END
FROM sqlite_schema m JOIN pragma_table_xinfo(m.name) c
WHERE m.type = 'table' AND substr(m.name, 1, 7) <> 'sqlite_'
UNION ALL
SELECT 'key of ' || k.table_name || ' ' || group_concat(k.name, ' ')
FROM (SELECT m.name AS table_name, c.name AS name FROM sqlite_schema m JOIN pragma_table_info(m.name) c
    WHERE m.type = 'table' AND substr(m.name, 1, 7) <> 'sqlite_' AND c.pk > 0 ORDER BY m.name, c.pk) k
GROUP BY k.table_name
