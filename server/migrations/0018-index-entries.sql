-- An index is a list: the same manifest may stand in it several times, each time with a platform and annotations of its own.
alter table artifact_child drop constraint artifact_child_pkey, add primary key (parent_id, child_id, position);
