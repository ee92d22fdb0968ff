-- One row for each of the 1,000 known people, before the measured part.
INSERT INTO subject (id, number, epoch, wrapped) VALUES (:subject, :key16, 1, :wrapped);
