-- Default privileges of hosted projects made since 2026-05-30, and of all since 2026-10-30. The
-- platform grants as in grants_by_default.sql and takes these back. It leaves truncate, references,
-- trigger and maintain on new tables, and update on new sequences. Run it after that file.

alter default privileges for role postgres in schema public
revoke select, insert, update, delete on tables from anon, authenticated, service_role;
alter default privileges for role postgres in schema public
revoke usage, select on sequences from anon, authenticated, service_role;
alter default privileges for role postgres in schema public
revoke execute on functions from anon, authenticated, service_role;
