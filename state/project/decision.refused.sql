-- A decision that was not permitted is kept too.

INSERT INTO decision (seq, release, step, decision, person, comment, subject, at_ms, refused)
VALUES (:seq, :release, :step, coalesce(:decision, :body ->> '$.decision', ''), :actor,
        coalesce(:body ->> '$.comment', ''), :subject, :at_ms, coalesce(:body ->> '$.why', :reason));

-- Somebody decided about a release that has ended: it is still one of its events.
UPDATE release SET last_seq = :seq WHERE id = :release AND last_seq IS NOT NULL;
