-- Harbor's word for the authentication by a key, beside the name of the header, which earlier versions took.
alter table scanner drop constraint scanner_auth_check;
alter table scanner add constraint scanner_auth_check
  check (auth in ('', 'Basic', 'Bearer', 'APIKey', 'X-ScannerAdapter-API-Key'));
