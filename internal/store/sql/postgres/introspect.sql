-- What there is, one line each: tables, their columns and keys, indexes, and what does not belong.
SELECT CASE WHEN c.relkind = 'r' THEN 'table ' ELSE 'object of kind ' || c.relkind::text || ' ' END || c.relname::text
FROM pg_class c WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind <> 'i'
UNION ALL
SELECT 'column ' || c.relname::text || '.' || a.attname::text || ' ' ||
    CASE format_type(a.atttypid, a.atttypmod) WHEN 'bigint' THEN 'integer' WHEN 'text' THEN 'text' WHEN 'bytea' THEN 'bytes'
        ELSE format_type(a.atttypid, a.atttypmod) END
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped
UNION ALL
SELECT 'key of ' || c.relname::text || ' ' || string_agg(a.attname::text, ' ' ORDER BY array_position(i.indkey::int2[], a.attnum))
FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = ANY (i.indkey)
WHERE c.relnamespace = current_schema()::regnamespace AND i.indisprimary AND i.indisvalid
GROUP BY c.relname
UNION ALL
SELECT 'index ' || x.relname::text
FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid
WHERE x.relnamespace = current_schema()::regnamespace AND NOT i.indisprimary
UNION ALL
SELECT 'trigger ' || t.tgname::text || ' on ' || c.relname::text
FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
WHERE c.relnamespace = current_schema()::regnamespace AND NOT t.tgisinternal
UNION ALL
SELECT 'rule ' || r.rulename::text || ' on ' || c.relname::text
FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class
WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'r'
