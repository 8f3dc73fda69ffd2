-- Who: organisations, people, their sessions and the keys of their programs.

CREATE TABLE organisation (
    id {uuid} PRIMARY KEY,
    name TEXT NOT NULL,
    plan TEXT NOT NULL,
    created_at {time} NOT NULL
) {strict};

CREATE TABLE person (
    id {uuid} PRIMARY KEY,
    email TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    operator {bool} NOT NULL,
    created_at {time} NOT NULL
) {strict};

CREATE TABLE session (
    id {uuid} PRIMARY KEY,
    person_id {uuid} NOT NULL REFERENCES person (id),
    token_hash {bytes} NOT NULL UNIQUE,
    csrf TEXT NOT NULL,
    created_at {time} NOT NULL,
    expires_at {time} NOT NULL
) {strict};

-- Links that work once: the first operator's set-up now; e-mail and password links later.
CREATE TABLE one_time_token (
    token_hash {bytes} PRIMARY KEY,
    purpose TEXT NOT NULL,
    created_at {time} NOT NULL,
    expires_at {time} NOT NULL,
    used_at {time}
) {strict};

CREATE TABLE api_key (
    id {uuid} PRIMARY KEY,
    org_id {uuid} NOT NULL REFERENCES organisation (id),
    kind TEXT NOT NULL,
    test {bool} NOT NULL,
    start TEXT NOT NULL,
    secret_hash {bytes} NOT NULL UNIQUE,
    created_at {time} NOT NULL,
    revoked_at {time},
    last_used_at {time}
) {strict};
CREATE INDEX api_key_org ON api_key (org_id, created_at);

-- What an organisation has: plan usage and credits.

CREATE TABLE monthly_usage (
    org_id {uuid} NOT NULL REFERENCES organisation (id),
    meter TEXT NOT NULL,
    month TEXT NOT NULL,
    used BIGINT NOT NULL,
    PRIMARY KEY (org_id, meter, month)
) {strict};

CREATE TABLE wallet (
    org_id {uuid} PRIMARY KEY REFERENCES organisation (id),
    balance BIGINT NOT NULL CHECK (balance >= 0)
) {strict};

CREATE TABLE ledger_entry (
    id {uuid} PRIMARY KEY,
    org_id {uuid} NOT NULL REFERENCES organisation (id),
    amount BIGINT NOT NULL,
    balance_after BIGINT NOT NULL,
    reason TEXT NOT NULL,
    idempotency_key TEXT NOT NULL,
    created_at {time} NOT NULL,
    UNIQUE (org_id, idempotency_key)
) {strict};

-- What it says: generators and the records they sign.

CREATE TABLE generator (
    id {uuid} PRIMARY KEY,
    org_id {uuid} NOT NULL REFERENCES organisation (id),
    name TEXT NOT NULL,
    created_at {time} NOT NULL,
    revoked_at {time}
) {strict};
CREATE INDEX generator_org ON generator (org_id, created_at);

CREATE TABLE generator_key (
    generator_id {uuid} NOT NULL REFERENCES generator (id),
    key_id {bytes} NOT NULL,
    algorithm TEXT NOT NULL,
    public_key {bytes} NOT NULL,
    created_at {time} NOT NULL,
    PRIMARY KEY (generator_id, key_id)
) {strict};

CREATE TABLE record (
    id {uuid} PRIMARY KEY,
    org_id {uuid} NOT NULL REFERENCES organisation (id),
    generator_id {uuid} NOT NULL REFERENCES generator (id),
    key_id {bytes} NOT NULL,
    watermark_id TEXT NOT NULL,
    organisation TEXT NOT NULL,
    model TEXT NOT NULL,
    content_hash {bytes} NOT NULL,
    token TEXT NOT NULL,
    document TEXT NOT NULL,
    created_at {time} NOT NULL,
    UNIQUE (org_id, watermark_id)
) {strict};
CREATE INDEX record_content ON record (content_hash);

-- The transparency log. Statements wait in log_pending, written by the transaction that makes
-- them; the one sequencer moves them, in order, into log_entry.

CREATE TABLE log_pending (
    id {uuid} PRIMARY KEY,
    cert_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    manifest_hash {bytes} NOT NULL
) {strict};

CREATE TABLE log_entry (
    seq_no BIGINT PRIMARY KEY,
    cert_id TEXT NOT NULL,
    entry TEXT NOT NULL,
    entry_hash {bytes} NOT NULL
) {strict};
CREATE INDEX log_entry_cert ON log_entry (cert_id);

CREATE TABLE log_tile (
    level BIGINT NOT NULL,
    position BIGINT NOT NULL,
    hashes {bytes} NOT NULL,
    PRIMARY KEY (level, position)
) {strict};

CREATE TABLE log_checkpoint (
    tree_size BIGINT PRIMARY KEY,
    root_hash {bytes} NOT NULL,
    entry_hash {bytes} NOT NULL,
    note TEXT NOT NULL,
    created_at {time} NOT NULL
) {strict};

-- The public halves of our own keys; the private ones never enter the database.
CREATE TABLE signing_key (
    key_id TEXT PRIMARY KEY,
    purpose TEXT NOT NULL,
    algorithm TEXT NOT NULL,
    public_key {bytes} NOT NULL,
    created_at {time} NOT NULL,
    retired_at {time}
) {strict};
CREATE UNIQUE INDEX signing_key_active ON signing_key (purpose) WHERE retired_at IS NULL;

-- Documents of logged statements that have no table of their own, such as key rotations.
CREATE TABLE statement (
    cert_id TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    document TEXT NOT NULL,
    created_at {time} NOT NULL
) {strict};

-- Machinery: files, jobs, schedules, leases, replayable answers, instance settings.

CREATE TABLE blob (
    sha256 {bytes} PRIMARY KEY,
    size BIGINT NOT NULL,
    content_type TEXT NOT NULL,
    created_at {time} NOT NULL
) {strict};

CREATE TABLE job (
    id {uuid} PRIMARY KEY,
    kind TEXT NOT NULL,
    payload {json} NOT NULL,
    priority BIGINT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('queued', 'running', 'done', 'dead', 'cancelled')),
    run_at {time} NOT NULL,
    attempts BIGINT NOT NULL,
    max_attempts BIGINT NOT NULL,
    unique_key TEXT,
    lease_holder TEXT,
    lease_expires_at {time},
    progress BIGINT,
    progress_note TEXT NOT NULL,
    last_error TEXT,
    created_at {time} NOT NULL,
    started_at {time},
    finished_at {time}
) {strict};
CREATE INDEX job_ready ON job (state, priority DESC, run_at, id);
CREATE INDEX job_listed ON job (state, id);
-- A finished job keeps its key to be read, and releases it for the next one.
CREATE UNIQUE INDEX job_unique_key ON job (unique_key) WHERE state IN ('queued', 'running');

CREATE TABLE job_schedule (
    name TEXT PRIMARY KEY,
    next_run_at {time} NOT NULL
) {strict};

CREATE TABLE lease (
    name TEXT PRIMARY KEY,
    holder TEXT NOT NULL,
    expires_at {time} NOT NULL
) {strict};

CREATE TABLE idempotency (
    scope TEXT NOT NULL,
    key TEXT NOT NULL,
    request_hash {bytes} NOT NULL,
    locked_until {time} NOT NULL,
    status BIGINT,
    content_type TEXT,
    body {bytes},
    created_at {time} NOT NULL,
    PRIMARY KEY (scope, key)
) {strict};
CREATE INDEX idempotency_age ON idempotency (created_at);

CREATE TABLE setting (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
) {strict};
