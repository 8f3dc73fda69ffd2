-- People: their account, the devices they are signed in on, the links mailed to them.

ALTER TABLE person ADD COLUMN handle TEXT;
ALTER TABLE person ADD COLUMN handle_look TEXT;
ALTER TABLE person ADD COLUMN email_verified_at {time};
ALTER TABLE person ADD COLUMN bio TEXT NOT NULL DEFAULT '';
ALTER TABLE person ADD COLUMN location TEXT NOT NULL DEFAULT '';
ALTER TABLE person ADD COLUMN links {json} NOT NULL DEFAULT '[]';
ALTER TABLE person ADD COLUMN avatar {bytes};
ALTER TABLE person ADD COLUMN ml_opt_out {bool} NOT NULL DEFAULT FALSE;
ALTER TABLE person ADD COLUMN deleted_at {time};
CREATE UNIQUE INDEX person_handle ON person (handle);
CREATE UNIQUE INDEX person_handle_look ON person (handle_look);

-- One sign-in on one device. Its refresh tokens are one family: ending the session ends them
-- and every access token made from them.
DROP TABLE session;
CREATE TABLE session (
    id {uuid} PRIMARY KEY,
    person_id {uuid} NOT NULL REFERENCES person (id),
    kind TEXT NOT NULL CHECK (kind IN ('person', 'operator')),
    cookie_hash {bytes} NOT NULL UNIQUE,
    csrf TEXT NOT NULL,
    org_id {uuid} REFERENCES organisation (id),
    ip TEXT NOT NULL,
    user_agent TEXT NOT NULL,
    created_at {time} NOT NULL,
    seen_at {time} NOT NULL,
    expires_at {time} NOT NULL
) {strict};
CREATE INDEX session_person ON session (person_id, created_at);
CREATE INDEX session_age ON session (expires_at);

CREATE TABLE refresh_token (
    token_hash {bytes} PRIMARY KEY,
    session_id {uuid} NOT NULL REFERENCES session (id) ON DELETE CASCADE,
    created_at {time} NOT NULL,
    used_at {time}
) {strict};
CREATE INDEX refresh_token_session ON refresh_token (session_id);

ALTER TABLE one_time_token ADD COLUMN person_id {uuid} REFERENCES person (id);
CREATE INDEX one_time_token_person ON one_time_token (person_id, purpose);

-- Failed attempts of what locks up: by address, by browser, by account.
CREATE TABLE lockout (
    subject TEXT PRIMARY KEY,
    failures BIGINT NOT NULL,
    locked_until {time},
    updated_at {time} NOT NULL
) {strict};
CREATE INDEX lockout_age ON lockout (updated_at);

-- Accounts that sign in through an identity provider of somebody else.
CREATE TABLE oidc_issuer (
    id {uuid} PRIMARY KEY,
    name TEXT NOT NULL,
    issuer TEXT NOT NULL UNIQUE,
    audience TEXT NOT NULL,
    jwks_uri TEXT NOT NULL,
    created_at {time} NOT NULL
) {strict};

CREATE TABLE external_identity (
    issuer TEXT NOT NULL,
    subject TEXT NOT NULL,
    person_id {uuid} NOT NULL REFERENCES person (id),
    created_at {time} NOT NULL,
    PRIMARY KEY (issuer, subject)
) {strict};
CREATE INDEX external_identity_person ON external_identity (person_id);

-- Organisations: where they are, who belongs to them and as what.

ALTER TABLE organisation ADD COLUMN slug TEXT;
ALTER TABLE organisation ADD COLUMN status TEXT NOT NULL DEFAULT 'active';
ALTER TABLE organisation ADD COLUMN contact_email TEXT;
ALTER TABLE organisation ADD COLUMN personal_of {uuid} REFERENCES person (id);
CREATE UNIQUE INDEX organisation_slug ON organisation (slug);
CREATE UNIQUE INDEX organisation_personal ON organisation (personal_of);

CREATE TABLE location (
    id {uuid} PRIMARY KEY,
    org_id {uuid} NOT NULL REFERENCES organisation (id),
    name TEXT NOT NULL,
    code TEXT,
    status TEXT NOT NULL CHECK (status IN ('active', 'archived')),
    created_at {time} NOT NULL
) {strict};
CREATE INDEX location_org ON location (org_id, id);
CREATE UNIQUE INDEX location_code ON location (org_id, code);

CREATE TABLE membership (
    id {uuid} PRIMARY KEY,
    org_id {uuid} NOT NULL REFERENCES organisation (id),
    person_id {uuid} NOT NULL REFERENCES person (id),
    status TEXT NOT NULL CHECK (status IN ('active', 'suspended')),
    joined_at {time} NOT NULL,
    UNIQUE (org_id, person_id)
) {strict};
CREATE INDEX membership_listed ON membership (org_id, id);
CREATE INDEX membership_person ON membership (person_id);

CREATE TABLE role_assignment (
    id {uuid} PRIMARY KEY,
    org_id {uuid} NOT NULL REFERENCES organisation (id),
    membership_id {uuid} NOT NULL REFERENCES membership (id) ON DELETE CASCADE,
    role TEXT NOT NULL,
    location_id {uuid} REFERENCES location (id),
    created_at {time} NOT NULL
) {strict};
CREATE UNIQUE INDEX role_assignment_everywhere ON role_assignment (membership_id, role) WHERE location_id IS NULL;
CREATE UNIQUE INDEX role_assignment_somewhere ON role_assignment (membership_id, role, location_id) WHERE location_id IS NOT NULL;
CREATE INDEX role_assignment_role ON role_assignment (org_id, role);

CREATE TABLE invitation (
    id {uuid} PRIMARY KEY,
    org_id {uuid} NOT NULL REFERENCES organisation (id),
    email TEXT NOT NULL,
    role TEXT NOT NULL,
    location_id {uuid} REFERENCES location (id),
    token_hash {bytes} NOT NULL UNIQUE,
    status TEXT NOT NULL CHECK (status IN ('pending', 'accepted', 'declined', 'revoked')),
    invited_by {uuid} REFERENCES person (id),
    created_at {time} NOT NULL,
    expires_at {time} NOT NULL,
    decided_at {time}
) {strict};
CREATE INDEX invitation_org ON invitation (org_id, id);
CREATE UNIQUE INDEX invitation_waiting ON invitation (org_id, email) WHERE status = 'pending';

-- Whoever is here from before ran the server: the address counts as theirs, and they have an
-- organisation of their own like everybody. Its rows have the person's id, which no other has.

UPDATE person SET email_verified_at = created_at;
INSERT INTO organisation (id, name, plan, created_at, personal_of)
    SELECT id, name, 'free', created_at, id FROM person;
INSERT INTO membership (id, org_id, person_id, status, joined_at)
    SELECT id, id, id, 'active', created_at FROM person;
INSERT INTO role_assignment (id, org_id, membership_id, role, created_at)
    SELECT id, id, id, 'owner', created_at FROM person;

-- Programs: keys that expire and are limited, and apps that act for people.

ALTER TABLE api_key ADD COLUMN name TEXT NOT NULL DEFAULT '';
ALTER TABLE api_key ADD COLUMN expires_at {time};
ALTER TABLE api_key ADD COLUMN permissions {json};
ALTER TABLE api_key ADD COLUMN frame_ancestors {json} NOT NULL DEFAULT '[]';
ALTER TABLE api_key ADD COLUMN created_by {uuid} REFERENCES person (id);
ALTER TABLE api_key ADD COLUMN updated_at {time};

CREATE TABLE oauth_app (
    id {uuid} PRIMARY KEY,
    client_id TEXT NOT NULL UNIQUE,
    secret_hash {bytes} NOT NULL,
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    homepage_url TEXT NOT NULL,
    redirect_uris {json} NOT NULL,
    created_at {time} NOT NULL,
    revoked_at {time}
) {strict};

CREATE TABLE oauth_code (
    code_hash {bytes} PRIMARY KEY,
    app_id {uuid} NOT NULL REFERENCES oauth_app (id),
    person_id {uuid} NOT NULL REFERENCES person (id),
    redirect_uri TEXT NOT NULL,
    scope TEXT NOT NULL,
    code_challenge TEXT NOT NULL,
    created_at {time} NOT NULL,
    expires_at {time} NOT NULL,
    used_at {time}
) {strict};

CREATE TABLE oauth_token (
    token_hash {bytes} PRIMARY KEY,
    code_hash {bytes} NOT NULL,
    app_id {uuid} NOT NULL REFERENCES oauth_app (id),
    person_id {uuid} NOT NULL REFERENCES person (id),
    scope TEXT NOT NULL,
    created_at {time} NOT NULL,
    expires_at {time} NOT NULL,
    revoked_at {time}
) {strict};
CREATE INDEX oauth_token_code ON oauth_token (code_hash);
CREATE INDEX oauth_token_person ON oauth_token (person_id);

-- Who did what. One hash chain an organisation, and one (id of zeros) for the server itself.

CREATE TABLE audit_event (
    chain {uuid} NOT NULL,
    seq BIGINT NOT NULL,
    at {time} NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    subject TEXT NOT NULL,
    document TEXT NOT NULL,
    hash {bytes} NOT NULL,
    PRIMARY KEY (chain, seq)
) {strict};

CREATE TABLE audit_head (
    chain {uuid} PRIMARY KEY,
    seq BIGINT NOT NULL,
    hash {bytes} NOT NULL
) {strict};

-- The hourly purge of kept answers is part of a wider one now; nobody would take its waiting job.
DELETE FROM job WHERE kind = 'idempotency.purge' AND state = 'queued';
DELETE FROM job_schedule WHERE name = 'idempotency.purge';
