-- The digest under which the bytes of an upload are being moved to their place: after a crash between the move and the
-- record of the blob, the upload can still be finished.
alter table upload add column committing text;
