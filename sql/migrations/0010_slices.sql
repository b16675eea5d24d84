-- Placeholder: the migration of that number comes with another change.
SELECT 1;
