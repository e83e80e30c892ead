-- The versions that have been made.
SELECT version, digest FROM schema ORDER BY version
