-- How old the data of a scanner is, as it said itself when it was last asked; null while it has not said.
alter table scanner add column data_at timestamptz;
