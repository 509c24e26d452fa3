-- The digest under which the bytes of an upload are being moved to their place: a crash between the move and the record of the
-- blob leaves an upload that can be finished.
alter table upload add column committing text;
