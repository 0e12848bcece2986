-- A person decided. A rejection closes the gate, if it is bound to what the gate asks.

INSERT INTO decision (seq, release, step, decision, person, comment, subject, at_ms)
VALUES (:seq, :release, :step, :decision, :actor, coalesce(:body ->> '$.comment', ''), :subject, :at_ms);

UPDATE gate SET state = 'rejected'
 WHERE :decision = 'reject' AND release = :release AND step = :step AND state = 'asked' AND subject IS :subject;

INSERT INTO override (seq, environment, release, rule, person, reason, at_ms, until_ms)
SELECT :seq, :body ->> '$.environment', :release, :body ->> '$.rule', :actor, :body ->> '$.comment', :at_ms,
       :body ->> '$.until_ms'
 WHERE :decision = 'override';

UPDATE review SET closed_ms = :at_ms, closed_seq = :seq, person = :actor, comment = :body ->> '$.comment'
 WHERE :decision = 'review' AND release = :release AND closed_ms IS NULL;

-- Somebody decided about a release that has ended: it is still one of its events.
UPDATE release SET last_seq = :seq WHERE id = :release AND last_seq IS NOT NULL;
