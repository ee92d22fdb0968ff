-- The rows of one accepted event, in order. Parameters are bound by name.
SELECT number, epoch, wrapped FROM subject WHERE id = :subject;
INSERT INTO record (first, slots, subject, created, audience, sealed) VALUES (:row, 8, :subject, :now, :audience, :record);
INSERT INTO stable (tag, epoch, record, slot, random, mac) VALUES (:tag, 1, :row, 0, :key6, :key16);
INSERT INTO event (id, name, route, subject, accepted, source_key, body_key, repeat_until, body) VALUES (:row, :name, 'careers-apply', :subject, :now, :replay, :key16, :now, :body);
INSERT INTO delivery (event, workflow, state, attempt, next_at) VALUES (:row, 'candidate-intake', 0, 0, :now);
INSERT INTO leaf (seq, leaf, mac) VALUES (:row, :leaf, :key32);
