-- Findings are parts of the lake. The stage that writes them begins anew: it takes over what the
-- records of the older form left open.
DROP INDEX findings_strength;
DROP TABLE findings;
DELETE FROM cursors WHERE stage = 'detect';
