-- One slice of the prober's answers, added to the sums. A bucket's key is its upper bound in milliseconds.

INSERT INTO prober (release, sent, failed)
VALUES (:release, :body ->> '$.sent', :body ->> '$.failed')
ON CONFLICT (release) DO UPDATE SET sent = sent + excluded.sent, failed = failed + excluded.failed;

INSERT INTO prober_bucket (release, le_ms, answers)
SELECT :release, CAST(ltrim(key, '<= ') AS INTEGER), value
  FROM json_each(:body, '$.buckets')
 WHERE true
ON CONFLICT (release, le_ms) DO UPDATE SET answers = answers + excluded.answers;
