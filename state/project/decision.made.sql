-- A person decided. A rejection closes the gate, if it is bound to what the gate asks.

INSERT INTO decision (seq, release, step, decision, person, comment, subject, at_ms)
VALUES (:seq, :release, :step, :decision, :actor, coalesce(:body ->> '$.comment', ''), :subject, :at_ms);

UPDATE gate SET state = 'rejected'
 WHERE :decision = 'reject' AND release = :release AND step = :step AND state = 'asked' AND subject IS :subject;

-- Somebody decided about a release that has ended: it is still one of its events.
UPDATE release SET last_seq = :seq WHERE id = :release AND last_seq IS NOT NULL;
