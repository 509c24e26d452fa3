-- Events of another registry that were taken in, so that one that is sent again is not counted again.
create table notification_event (
  id text collate "C" primary key check (length(id) between 1 and 255),
  received_at timestamptz not null default now()
);
create index notification_event_age on notification_event (received_at);

-- Another registry told of a push to it: shown although it may hold no artifact here.
alter table repository add is_elsewhere boolean not null default false;
