-- Bytes of system artifacts go as all others do, by way of `stray` (0008-collection.sql): which version of them was ours no longer matters.
alter table system_artifact drop column version;
