-- What the simulated applications keep: every kind of key, scope, reference, rule and policy that a sync
-- has to do with, and nothing that depends on time or chance.

CREATE TABLE labels (
    id integer PRIMARY KEY,
    name text NOT NULL UNIQUE,
    colour text
);

CREATE TABLE projects (
    id uuid PRIMARY KEY,
    owner text NOT NULL DEFAULT current_setting('app.current_user_id', true),
    name text NOT NULL CONSTRAINT name_is_not_empty CHECK (name <> ''),
    slug text UNIQUE,
    budget numeric(10, 2)
);

CREATE TABLE tasks (
    id uuid PRIMARY KEY,
    owner text NOT NULL DEFAULT current_setting('app.current_user_id', true),
    project_id uuid REFERENCES projects ON DELETE CASCADE,
    title varchar(40) NOT NULL,
    priority integer NOT NULL DEFAULT 3 CONSTRAINT priority_is_a_digit CHECK (priority BETWEEN 0 AND 9),
    state text,
    draft text,
    place text,
    hits integer,
    best bigint,
    least date,
    details jsonb,
    tags text[],
    asked text,
    starts integer,
    ends integer,
    UNIQUE (owner, title),
    CONSTRAINT it_starts_before_it_ends CHECK (starts <= ends)
);

CREATE TABLE notes (
    id bigserial PRIMARY KEY,
    owner text NOT NULL DEFAULT current_setting('app.current_user_id', true),
    task_id uuid REFERENCES tasks ON DELETE SET NULL,
    reply_to bigint REFERENCES notes DEFERRABLE INITIALLY DEFERRED,
    body text NOT NULL,
    seen text
);

CREATE TABLE task_labels (
    task_id uuid NOT NULL REFERENCES tasks ON DELETE CASCADE,
    label_id integer NOT NULL REFERENCES labels ON DELETE RESTRICT,
    owner text NOT NULL DEFAULT current_setting('app.current_user_id', true),
    weight double precision,
    PRIMARY KEY (task_id, label_id)
);

CREATE TABLE payments (
    id uuid PRIMARY KEY,
    owner text NOT NULL DEFAULT current_setting('app.current_user_id', true),
    project_id uuid NOT NULL REFERENCES projects ON DELETE RESTRICT,
    amount numeric(10, 2) NOT NULL CONSTRAINT amount_is_positive CHECK (amount > 0),
    memo text
);

ALTER TABLE projects ENABLE ROW LEVEL SECURITY;
ALTER TABLE tasks ENABLE ROW LEVEL SECURITY;
ALTER TABLE notes ENABLE ROW LEVEL SECURITY;
ALTER TABLE task_labels ENABLE ROW LEVEL SECURITY;
ALTER TABLE payments ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON projects USING (owner = current_setting('app.current_user_id', true));
CREATE POLICY own ON tasks USING (owner = current_setting('app.current_user_id', true));
CREATE POLICY own ON notes USING (owner = current_setting('app.current_user_id', true));
CREATE POLICY own ON task_labels USING (owner = current_setting('app.current_user_id', true));
CREATE POLICY own ON payments USING (owner = current_setting('app.current_user_id', true));
