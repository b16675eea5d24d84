-- Number taken by another change.
SELECT 1;
