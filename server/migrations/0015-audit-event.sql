-- The event that an entry is about, by the id that webhooks send along: it leads from a delivery to its cause and back. Entries
-- from before have none.
alter table audit_log add column event_id uuid;
