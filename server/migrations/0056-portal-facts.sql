-- Whether the account still has the password that Marina made for it: the portal offers to change that.
alter table account add has_made_password boolean not null default false;

-- Name of the caller who added a member; null for members that an older Marina added.
alter table project_member add added_by text;

-- Failed executions of all kinds: how many of each failed lately.
create index execution_failed on execution (ended_at) where status = 'Error';
