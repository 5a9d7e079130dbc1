-- What the database of a Supabase project contains before its first migration, as far as the scripts of users refer to it.
-- `revoke` at the end: since October 2026 no role is granted new tables of `public`.
create role anon nologin noinherit;
create role authenticated nologin noinherit;
create role service_role nologin noinherit bypassrls;
create role authenticator login noinherit;
create role supabase_admin superuser createdb createrole replication bypassrls login;
create role supabase_auth_admin nologin noinherit createrole;
create role supabase_storage_admin nologin noinherit createrole;
create role supabase_realtime_admin nologin noinherit;
create role dashboard_user nologin createdb createrole replication;
grant anon, authenticated, service_role to authenticator;
grant anon, authenticated, service_role to supabase_admin;

create publication supabase_realtime;

create schema extensions;
grant usage on schema extensions to public;
alter database postgres set search_path to "$user", public, extensions;
set search_path to "$user", public, extensions;
do $$
declare
    extension text;
begin
    foreach extension in array array['uuid-ossp', 'pgcrypto'] loop
        if exists (select from pg_available_extensions where name = extension) then
            execute format('create extension if not exists %I with schema extensions', extension);
        end if;
    end loop;
end
$$;

create schema auth;
grant usage on schema auth to anon, authenticated, service_role;
create table auth.users (
    id uuid primary key,
    email text,
    instance_id uuid,
    aud text,
    role text,
    encrypted_password text,
    email_confirmed_at timestamptz,
    invited_at timestamptz,
    confirmation_token text,
    confirmation_sent_at timestamptz,
    recovery_token text,
    recovery_sent_at timestamptz,
    email_change_token_new text,
    email_change text,
    last_sign_in_at timestamptz,
    raw_app_meta_data jsonb,
    raw_user_meta_data jsonb,
    is_super_admin boolean,
    created_at timestamptz,
    updated_at timestamptz,
    phone text,
    is_anonymous boolean not null default false,
    deleted_at timestamptz
);
create function auth.jwt() returns jsonb language sql stable as $$
    select coalesce(nullif(current_setting('request.jwt.claims', true), ''), '{}')::jsonb
$$;
create function auth.uid() returns uuid language sql stable as $$
    select nullif(auth.jwt() ->> 'sub', '')::uuid
$$;
create function auth.role() returns text language sql stable as $$
    select auth.jwt() ->> 'role'
$$;
create function auth.email() returns text language sql stable as $$
    select auth.jwt() ->> 'email'
$$;

create schema storage;
create schema realtime;
create schema vault;
create schema graphql_public;
create table storage.buckets (
    id text primary key,
    name text not null,
    owner uuid,
    public boolean default false,
    avif_autodetection boolean default false,
    file_size_limit bigint,
    allowed_mime_types text[],
    created_at timestamptz default now(),
    updated_at timestamptz default now()
);
create table storage.objects (
    id uuid primary key default gen_random_uuid(),
    bucket_id text references storage.buckets,
    name text,
    owner uuid,
    owner_id text,
    metadata jsonb,
    created_at timestamptz default now(),
    updated_at timestamptz default now()
);
alter table storage.objects enable row level security;

grant usage on schema public to anon, authenticated, service_role;
alter default privileges in schema public revoke all on tables from anon, authenticated, service_role;
