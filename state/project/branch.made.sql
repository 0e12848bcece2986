-- A release branch was made from the trunk.

INSERT INTO branch (name, commit_id, trunk, person, at_ms, seq)
VALUES (:body ->> '$.branch', :body ->> '$.commit', :body ->> '$.trunk', :actor, :at_ms, :seq);
