-- Nothing here yet: the number is kept for what lands before.
SELECT 1;
