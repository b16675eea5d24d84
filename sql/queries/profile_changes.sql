-- What became of the changes of an account's profiles, and what decides now.

-- name: profile_changes
SELECT at, change_no, state, actor, reason, changes, riskier, due, told, version, standing
FROM ballast.profile_change WHERE account_id = $1 ORDER BY seq, ordinal;

-- name: profiles_in_force
SELECT DISTINCT ON (a.kind) a.kind, p.content
FROM ballast.profile_assignment a
JOIN ballast.profile p USING (account_id, profile_hash, kind)
WHERE a.account_id = $1 ORDER BY a.kind, a.seq DESC, a.ordinal DESC;
