BEGIN TRANSACTION;
CREATE VIRTUAL TABLE message_search
        USING fts5(body, owner, tokenize="unicode61 remove_diacritics 2");
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0002');
CREATE TABLE api_keys (
	id VARCHAR(36) NOT NULL, 
	user_id VARCHAR(36) NOT NULL, 
	hash VARCHAR(64) NOT NULL, 
	name VARCHAR(100) NOT NULL, 
	hint VARCHAR(32) NOT NULL, 
	created_at VARCHAR(32) NOT NULL, 
	seen_at VARCHAR(32), 
	expires_at VARCHAR(32), 
	revoked_at VARCHAR(32), 
	CONSTRAINT pk_api_keys PRIMARY KEY (id), 
	CONSTRAINT fk_api_keys_user_id FOREIGN KEY(user_id) REFERENCES users (id) ON DELETE CASCADE, 
	CONSTRAINT uq_api_keys_hash UNIQUE (hash)
);
CREATE TABLE attachments (
	message_id VARCHAR(36) NOT NULL, 
	position INTEGER NOT NULL, 
	media_id VARCHAR(36) NOT NULL, 
	CONSTRAINT pk_attachments PRIMARY KEY (message_id, position), 
	CONSTRAINT fk_attachments_message_id FOREIGN KEY(message_id) REFERENCES messages (id) ON DELETE CASCADE, 
	CONSTRAINT fk_attachments_media_id FOREIGN KEY(media_id) REFERENCES media (id) ON DELETE CASCADE
);
INSERT INTO "attachments" VALUES('c1b7f3de-11e4-4f4a-9d1c-7d6b7b1f0a03',0,'7be0c6a2-3c6f-4a5e-9b0d-2f1c5d8e9a05');
CREATE TABLE audit (
	seq INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	at VARCHAR(32) NOT NULL, 
	actor VARCHAR(36), 
	action VARCHAR(64) NOT NULL, 
	subject VARCHAR(100) NOT NULL, 
	address VARCHAR(64) NOT NULL, 
	outcome VARCHAR(32) NOT NULL
);
INSERT INTO "audit" VALUES(1,'2026-11-21T12:00:00.000000+00:00',NULL,'login','','','ok');
CREATE TABLE balances (
	user_id VARCHAR(36) NOT NULL, 
	unit VARCHAR(16) NOT NULL, 
	period VARCHAR(16) NOT NULL, 
	held BIGINT NOT NULL, 
	spent BIGINT NOT NULL, 
	CONSTRAINT pk_balances PRIMARY KEY (user_id, unit, period), 
	CONSTRAINT fk_balances_user_id FOREIGN KEY(user_id) REFERENCES users (id) ON DELETE CASCADE
);
INSERT INTO "balances" VALUES('0a2f6f1e-6a4e-4c0c-9a53-3f0f5b8f6b01','tokens','2026-11-21',100,19);
CREATE TABLE checkpoints (
	seq INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	run_id VARCHAR(32) NOT NULL, 
	piece TEXT NOT NULL, 
	CONSTRAINT fk_checkpoints_run_id FOREIGN KEY(run_id) REFERENCES runs (id) ON DELETE CASCADE
);
INSERT INTO "checkpoints" VALUES(1,'9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f','NUL 0, its escape 10,  , 😀, é, שלום, ''quotes''; --');
CREATE TABLE conversations (
	id VARCHAR(36) NOT NULL, 
	user_id VARCHAR(36), 
	kind VARCHAR(16) NOT NULL, 
	scope VARCHAR(100) NOT NULL, 
	name VARCHAR(128), 
	title TEXT NOT NULL, 
	created_at VARCHAR(32) NOT NULL, 
	updated_at VARCHAR(32) NOT NULL, 
	deleted_at VARCHAR(32), 
	expires_at VARCHAR(32), 
	message_count INTEGER NOT NULL, 
	active_run_id VARCHAR(32), 
	CONSTRAINT pk_conversations PRIMARY KEY (id), 
	CONSTRAINT fk_conversations_user_id FOREIGN KEY(user_id) REFERENCES users (id) ON DELETE CASCADE, 
	CONSTRAINT uq_conversations_kind_scope_name UNIQUE (kind, scope, name)
);
INSERT INTO "conversations" VALUES('5d9b4f6a-0c7b-4d58-8d2e-9f6f0f7c1a02','0a2f6f1e-6a4e-4c0c-9a53-3f0f5b8f6b01','conversations','',NULL,'About NUL 0, its escape 10,  , 😀, é, שלום, ''quotes''; --','2026-11-21T12:00:00.000000+00:00','2026-11-21T12:00:00.000000+00:00',NULL,NULL,2,NULL);
CREATE TABLE discarded_media (
	id VARCHAR(36) NOT NULL, 
	since VARCHAR(32), 
	CONSTRAINT pk_discarded_media PRIMARY KEY (id)
);
INSERT INTO "discarded_media" VALUES('gone','2026-11-21T12:00:00.000000+00:00');
CREATE TABLE holds (
	run_id VARCHAR(32) NOT NULL, 
	unit VARCHAR(16) NOT NULL, 
	user_id VARCHAR(36) NOT NULL, 
	period VARCHAR(16) NOT NULL, 
	amount BIGINT NOT NULL, 
	CONSTRAINT pk_holds PRIMARY KEY (run_id, unit), 
	CONSTRAINT fk_holds_run_id FOREIGN KEY(run_id) REFERENCES runs (id) ON DELETE CASCADE, 
	CONSTRAINT fk_holds_user_id FOREIGN KEY(user_id) REFERENCES users (id) ON DELETE CASCADE
);
INSERT INTO "holds" VALUES('9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f','tokens','0a2f6f1e-6a4e-4c0c-9a53-3f0f5b8f6b01','2026-11-21',100);
CREATE TABLE idempotency_keys (
	caller VARCHAR(36) NOT NULL, 
	"key" VARCHAR(255) NOT NULL, 
	fingerprint VARCHAR(64) NOT NULL, 
	run_id VARCHAR(32) NOT NULL, 
	created_at VARCHAR(32) NOT NULL, 
	CONSTRAINT pk_idempotency_keys PRIMARY KEY (caller, "key")
);
CREATE TABLE identities (
	issuer VARCHAR(255) NOT NULL, 
	subject VARCHAR(255) NOT NULL, 
	user_id VARCHAR(36) NOT NULL, 
	CONSTRAINT pk_identities PRIMARY KEY (issuer, subject), 
	CONSTRAINT fk_identities_user_id FOREIGN KEY(user_id) REFERENCES users (id) ON DELETE CASCADE
);
CREATE TABLE invitations (
	id VARCHAR(36) NOT NULL, 
	hash VARCHAR(64) NOT NULL, 
	email VARCHAR(254), 
	created_by VARCHAR(36), 
	created_at VARCHAR(32) NOT NULL, 
	expires_at VARCHAR(32) NOT NULL, 
	used_at VARCHAR(32), 
	used_by VARCHAR(36), 
	CONSTRAINT pk_invitations PRIMARY KEY (id), 
	CONSTRAINT fk_invitations_created_by FOREIGN KEY(created_by) REFERENCES users (id) ON DELETE SET NULL, 
	CONSTRAINT fk_invitations_used_by FOREIGN KEY(used_by) REFERENCES users (id) ON DELETE SET NULL, 
	CONSTRAINT uq_invitations_hash UNIQUE (hash)
);
CREATE TABLE logins (
	id VARCHAR(36) NOT NULL, 
	user_id VARCHAR(36) NOT NULL, 
	kind VARCHAR(16) NOT NULL, 
	secret_hash VARCHAR(64), 
	created_at VARCHAR(32) NOT NULL, 
	seen_at VARCHAR(32) NOT NULL, 
	expires_at VARCHAR(32) NOT NULL, 
	revoked_at VARCHAR(32), 
	address VARCHAR(64) NOT NULL, 
	agent VARCHAR(200) NOT NULL, 
	CONSTRAINT pk_logins PRIMARY KEY (id), 
	CONSTRAINT fk_logins_user_id FOREIGN KEY(user_id) REFERENCES users (id) ON DELETE CASCADE, 
	CONSTRAINT uq_logins_secret_hash UNIQUE (secret_hash)
);
INSERT INTO "logins" VALUES('login','0a2f6f1e-6a4e-4c0c-9a53-3f0f5b8f6b01','bearer',NULL,'2026-11-21T12:00:00.000000+00:00','2026-11-21T12:00:00.000000+00:00','2026-11-21T12:00:00.000000+00:00',NULL,'127.0.0.1','curl');
CREATE TABLE media (
	id VARCHAR(36) NOT NULL, 
	user_id VARCHAR(36) NOT NULL, 
	content_type VARCHAR(100) NOT NULL, 
	size BIGINT NOT NULL, 
	sha256 VARCHAR(64) NOT NULL, 
	name TEXT NOT NULL, 
	created_at VARCHAR(32) NOT NULL, 
	prompt_type VARCHAR(100) NOT NULL, 
	CONSTRAINT pk_media PRIMARY KEY (id), 
	CONSTRAINT fk_media_user_id FOREIGN KEY(user_id) REFERENCES users (id) ON DELETE CASCADE
);
INSERT INTO "media" VALUES('7be0c6a2-3c6f-4a5e-9b0d-2f1c5d8e9a05','0a2f6f1e-6a4e-4c0c-9a53-3f0f5b8f6b01','text/plain',5,'cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd','NUL 0, its escape 10,  , 😀, é, שלום, ''quotes''; --','2026-11-21T12:00:00.000000+00:00','text/plain');
CREATE TABLE messages (
	seq INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	id VARCHAR(36) NOT NULL, 
	conversation_id VARCHAR(36) NOT NULL, 
	parent_id VARCHAR(36), 
	depth INTEGER NOT NULL, 
	shown BOOLEAN NOT NULL, 
	role VARCHAR(16) NOT NULL, 
	content TEXT NOT NULL, 
	size INTEGER NOT NULL, 
	status VARCHAR(16) NOT NULL, 
	created_at VARCHAR(32) NOT NULL, 
	ended_at VARCHAR(32), 
	run_id VARCHAR(32), 
	model VARCHAR(200), 
	finish_reason VARCHAR(32), 
	code VARCHAR(32), 
	tokens INTEGER, 
	CONSTRAINT fk_messages_conversation_id FOREIGN KEY(conversation_id) REFERENCES conversations (id) ON DELETE CASCADE, 
	CONSTRAINT uq_messages_id UNIQUE (id)
);
INSERT INTO "messages" VALUES(1,'c1b7f3de-11e4-4f4a-9d1c-7d6b7b1f0a03','5d9b4f6a-0c7b-4d58-8d2e-9f6f0f7c1a02',NULL,1,1,'user','NUL 0, its escape 10,  , 😀, é, שלום, ''quotes''; --',60,'complete','2026-11-21T12:00:00.000000+00:00',NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "messages" VALUES(2,'c1b7f3de-11e4-4f4a-9d1c-7d6b7b1f0a04','5d9b4f6a-0c7b-4d58-8d2e-9f6f0f7c1a02','c1b7f3de-11e4-4f4a-9d1c-7d6b7b1f0a03',2,1,'assistant','You said: NUL 0, its escape 10,  , 😀, é, שלום, ''quotes''; --',70,'partial','2026-11-21T12:00:00.000000+00:00','2026-11-21T12:00:00.000000+00:00','9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f',NULL,NULL,NULL,NULL);
CREATE TABLE point_entries (
	seq INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	user_id VARCHAR(36) NOT NULL, 
	at VARCHAR(32) NOT NULL, 
	kind VARCHAR(16) NOT NULL, 
	amount BIGINT NOT NULL, 
	run_id VARCHAR(32), 
	note VARCHAR(200) NOT NULL, 
	CONSTRAINT fk_point_entries_user_id FOREIGN KEY(user_id) REFERENCES users (id) ON DELETE CASCADE
);
CREATE TABLE refresh_tokens (
	hash VARCHAR(64) NOT NULL, 
	login_id VARCHAR(36) NOT NULL, 
	created_at VARCHAR(32) NOT NULL, 
	used_at VARCHAR(32), 
	CONSTRAINT pk_refresh_tokens PRIMARY KEY (hash), 
	CONSTRAINT fk_refresh_tokens_login_id FOREIGN KEY(login_id) REFERENCES logins (id) ON DELETE CASCADE
);
INSERT INTO "refresh_tokens" VALUES('abababababababababababababababababababababababababababababababab','login','2026-11-21T12:00:00.000000+00:00',NULL);
CREATE TABLE revocations (
	seq INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	kind VARCHAR(16) NOT NULL, 
	subject VARCHAR(36) NOT NULL, 
	at VARCHAR(32) NOT NULL
);
INSERT INTO "revocations" VALUES(1,'login','other','2026-11-21T12:00:00.000000+00:00');
CREATE TABLE runs (
	id VARCHAR(32) NOT NULL, 
	user_id VARCHAR(36), 
	conversation_id VARCHAR(36), 
	message_id VARCHAR(36), 
	server VARCHAR(32) NOT NULL, 
	dialect VARCHAR(32) NOT NULL, 
	asked VARCHAR(200) NOT NULL, 
	model VARCHAR(200) NOT NULL, 
	status VARCHAR(16) NOT NULL, 
	finish_reason VARCHAR(32), 
	code VARCHAR(32), 
	input_tokens INTEGER NOT NULL, 
	output_tokens INTEGER NOT NULL, 
	reasoning_tokens INTEGER NOT NULL, 
	estimated BOOLEAN NOT NULL, 
	cost FLOAT NOT NULL, 
	started_at VARCHAR(32) NOT NULL, 
	ended_at VARCHAR(32), 
	duration FLOAT, 
	first_token FLOAT, 
	text_length INTEGER NOT NULL, 
	offsets BLOB, points INTEGER DEFAULT '0' NOT NULL, 
	CONSTRAINT pk_runs PRIMARY KEY (id), 
	CONSTRAINT fk_runs_conversation_id FOREIGN KEY(conversation_id) REFERENCES conversations (id) ON DELETE SET NULL, 
	CONSTRAINT fk_runs_user_id FOREIGN KEY(user_id) REFERENCES users (id) ON DELETE CASCADE
);
INSERT INTO "runs" VALUES('9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f','0a2f6f1e-6a4e-4c0c-9a53-3f0f5b8f6b01','5d9b4f6a-0c7b-4d58-8d2e-9f6f0f7c1a02','c1b7f3de-11e4-4f4a-9d1c-7d6b7b1f0a04','abababababababababababababababab','conversations','demo','demo/demo','cancelled','cancelled',NULL,12,7,0,1,0.0,'2026-11-21T12:00:00.000000+00:00','2026-11-21T12:00:00.000000+00:00',0.5,0.1,60,X'0102FF',0);
CREATE TABLE users (
	id VARCHAR(36) NOT NULL, 
	username VARCHAR(64) NOT NULL, 
	name_key VARCHAR(192) NOT NULL, 
	email VARCHAR(254), 
	email_key VARCHAR(254), 
	password_hash TEXT, 
	role VARCHAR(16) NOT NULL, 
	created_at VARCHAR(32) NOT NULL, 
	disabled_at VARCHAR(32), 
	max_runs INTEGER, 
	daily_tokens BIGINT, 
	CONSTRAINT pk_users PRIMARY KEY (id), 
	CONSTRAINT uq_users_email_key UNIQUE (email_key), 
	CONSTRAINT uq_users_name_key UNIQUE (name_key)
);
INSERT INTO "users" VALUES('0a2f6f1e-6a4e-4c0c-9a53-3f0f5b8f6b01','Ann','ann','Ann@example.org',NULL,NULL,'user','2026-11-21T12:00:00.000000+00:00',NULL,NULL,NULL);
CREATE INDEX ix_audit_at ON audit (at);
CREATE INDEX ix_idempotency_keys_created_at ON idempotency_keys (created_at);
CREATE INDEX ix_revocations_at ON revocations (at);
CREATE INDEX ix_api_keys_user_id ON api_keys (user_id);
CREATE INDEX ix_conversations_deleted_at ON conversations (deleted_at);
CREATE INDEX ix_conversations_expires_at ON conversations (expires_at);
CREATE INDEX ix_conversations_user_id_kind_updated_at ON conversations (user_id, kind, updated_at);
CREATE INDEX ix_logins_expires_at ON logins (expires_at);
CREATE INDEX ix_logins_user_id ON logins (user_id);
CREATE INDEX ix_messages_conversation_id_depth ON messages (conversation_id, depth);
CREATE INDEX ix_refresh_tokens_login_id ON refresh_tokens (login_id);
CREATE INDEX ix_runs_conversation_id ON runs (conversation_id);
CREATE INDEX ix_runs_running ON runs (started_at) WHERE status = 'running';
CREATE INDEX ix_runs_user_id_started_at ON runs (user_id, started_at);
CREATE INDEX ix_checkpoints_run_id ON checkpoints (run_id);
CREATE TRIGGER messages_leave_search AFTER DELETE ON messages
        BEGIN DELETE FROM message_search WHERE rowid = old.seq; END;
CREATE INDEX ix_point_entries_user_id_seq ON point_entries (user_id, seq);
CREATE INDEX ix_media_user_id ON media (user_id);
CREATE INDEX ix_attachments_media_id ON attachments (media_id);
CREATE TRIGGER media_are_discarded AFTER DELETE ON media
        BEGIN INSERT OR IGNORE INTO discarded_media (id) VALUES (old.id); END;
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('messages',2);
INSERT INTO "sqlite_sequence" VALUES('checkpoints',1);
INSERT INTO "sqlite_sequence" VALUES('revocations',1);
INSERT INTO "sqlite_sequence" VALUES('audit',1);
COMMIT;
INSERT INTO message_search (rowid, body, owner) VALUES (1, 'NUL 0, its escape 10,  , 😀, é, שלום, ''quotes''; --', '0a2f6f1e-6a4e-4c0c-9a53-3f0f5b8f6b01');
INSERT INTO message_search (rowid, body, owner) VALUES (2, 'You said: NUL 0, its escape 10,  , 😀, é, שלום, ''quotes''; --', '0a2f6f1e-6a4e-4c0c-9a53-3f0f5b8f6b01');
