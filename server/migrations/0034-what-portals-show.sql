-- Of a delivery's last try: the headers of the request, with what an account has set masked.
alter table webhook_delivery add sent_headers jsonb;

-- Pulls by day in UTC and tag, beside pull_day: a tag that moves to another artifact goes on counting. No foreign keys, as there.
create table tag_pull_day (
  day date not null,
  repository_id bigint not null,
  tag text collate "C" not null,
  count bigint not null check (count > 0),
  primary key (repository_id, tag, day)
);
create index tag_pull_day_age on tag_pull_day (day);

-- What a session shows of itself to its account.
alter table session add address text, add user_agent text;
