-- Robots: the secret before the present one, which lives a while beside it, and the expiry that was warned of.
alter table robot
  add column old_secret_hash text,
  add column old_secret_until timestamptz,
  add column warned_of timestamptz,
  add constraint robot_old_secret check ((old_secret_hash is null) = (old_secret_until is null));
create index robot_expiry on robot (expires_at) where expires_at is not null and not is_disabled;
