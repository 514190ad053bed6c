-- A journal of format 3, as written before spending was counted by client: by `sqlite3.Connection.iterdump`.
BEGIN TRANSACTION;
CREATE TABLE batches (
	"key" VARCHAR NOT NULL, 
	scope VARCHAR NOT NULL, 
	run VARCHAR NOT NULL, 
	state VARCHAR NOT NULL, 
	provider VARCHAR NOT NULL, 
	account VARCHAR NOT NULL, 
	target VARCHAR NOT NULL, 
	id VARCHAR, 
	name TEXT NOT NULL, 
	opened FLOAT NOT NULL, 
	identity VARCHAR DEFAULT '' NOT NULL, 
	PRIMARY KEY ("key")
);
CREATE TABLE jobs (
	"key" VARCHAR NOT NULL, 
	submission VARCHAR NOT NULL, 
	place INTEGER NOT NULL, 
	scope VARCHAR NOT NULL, 
	sweep VARCHAR, 
	point INTEGER, 
	state VARCHAR NOT NULL, 
	program VARCHAR NOT NULL, 
	shots BIGINT NOT NULL, 
	variables TEXT NOT NULL, 
	options TEXT NOT NULL, 
	ref TEXT, 
	failure TEXT, 
	created FLOAT NOT NULL, 
	PRIMARY KEY ("key")
);
INSERT INTO "jobs" VALUES('699ca28259ef495ea48eedd5a2c19824','bc2b0919931049fd92ef498e90c16e42',0,'run:b367a091a93b494b982aa41d9fe22a1b',NULL,NULL,'fetched','ad6ae179a88993744b2d07017e0f99574d2c43284a831f577ae21d2a784e77b1',2,'{"x":1}','{"~":"data","of":"local.options","fields":{"seed":null,"observables":{"~":"tuple","items":[]},"tags":{"~":"tuple","items":[]},"emulation":null}}','["fake","job-0","one","699ca28259ef495ea48eedd5a2c19824",0,"bc2b0919931049fd92ef498e90c16e42",""]',NULL,1.79605595358236408238e+09);
INSERT INTO "jobs" VALUES('9f9feee85fd64a69b1e89ad71d85eb5f','6209328d0d4e4fec9d019ced87ffeed6',0,'run:b367a091a93b494b982aa41d9fe22a1b',NULL,NULL,'failed','ad6ae179a88993744b2d07017e0f99574d2c43284a831f577ae21d2a784e77b1',3,'{"x":2}','{"~":"data","of":"local.options","fields":{"seed":null,"observables":{"~":"tuple","items":[]},"tags":{"~":"tuple","items":[]},"emulation":null}}','["fake","job-1","one","9f9feee85fd64a69b1e89ad71d85eb5f",0,"6209328d0d4e4fec9d019ced87ffeed6",""]','{"v":1,"type":"JobFailedError","message":"job fake:one/job-1 failed: out of luck","notes":["Read the provider''s words above; the job is not run again by itself."],"state":{"provider":"fake","job_id":"job-1","request_id":null}}',1.79605595369747495651e+09);
INSERT INTO "jobs" VALUES('e283359e1f2247e0a82ba530ce113ba2','f7658117bfdc4c6793c50a4f55b9538c',0,'run:b367a091a93b494b982aa41d9fe22a1b',NULL,NULL,'accepted','ad6ae179a88993744b2d07017e0f99574d2c43284a831f577ae21d2a784e77b1',4,'{"x":3}','{"~":"data","of":"local.options","fields":{"seed":null,"observables":{"~":"tuple","items":[]},"tags":{"~":"tuple","items":[]},"emulation":null}}','["fake","job-2","one","e283359e1f2247e0a82ba530ce113ba2",0,"f7658117bfdc4c6793c50a4f55b9538c",""]',NULL,1.79605595380920934674e+09);
CREATE TABLE leases (
	scope VARCHAR NOT NULL, 
	owner VARCHAR NOT NULL, 
	host VARCHAR NOT NULL, 
	pid INTEGER NOT NULL, 
	birth VARCHAR NOT NULL, 
	generation INTEGER NOT NULL, 
	expires FLOAT NOT NULL, 
	PRIMARY KEY (scope)
);
INSERT INTO "leases" VALUES('run:b367a091a93b494b982aa41d9fe22a1b','b367a091a93b494b982aa41d9fe22a1b','vm/8321c1c7-e15d-4569-a5e4-1ee43b3b7228/pid:[4026531836]',2080,'2544592',1,0.0);
CREATE TABLE ledger (
	id INTEGER NOT NULL, 
	jobs BIGINT NOT NULL, 
	shots BIGINT NOT NULL, 
	credits FLOAT NOT NULL, 
	cost FLOAT NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "ledger" VALUES(1,3,9,0.0,0.0);
CREATE TABLE meta (
	"key" VARCHAR NOT NULL, 
	value TEXT NOT NULL, 
	PRIMARY KEY ("key")
);
INSERT INTO "meta" VALUES('format','3');
INSERT INTO "meta" VALUES('sdk','0.1.0');
CREATE TABLE programs (
	digest VARCHAR NOT NULL, 
	format VARCHAR NOT NULL, 
	name TEXT NOT NULL, 
	is_text BOOLEAN NOT NULL, 
	payload BLOB NOT NULL, 
	PRIMARY KEY (digest)
);
INSERT INTO "programs" VALUES('ad6ae179a88993744b2d07017e0f99574d2c43284a831f577ae21d2a784e77b1','qasm3','',1,X'7801F30F70F50B740CF65530B65648CA2C89368C5548B60600418E05F9');
CREATE TABLE quarantine (
	id INTEGER NOT NULL, 
	kind VARCHAR NOT NULL, 
	"key" VARCHAR NOT NULL, 
	reason TEXT NOT NULL, 
	body BLOB, 
	PRIMARY KEY (id)
);
CREATE TABLE results (
	job VARCHAR NOT NULL, 
	body BLOB NOT NULL, 
	PRIMARY KEY (job)
);
INSERT INTO "results" VALUES('699ca28259ef495ea48eedd5a2c19824',X'7B2276223A312C22636F756E7473223A7B223030303030303031223A327D2C2273686F7473223A322C226269745F6F72646572223A227169736B6974222C22726567697374657273223A5B5B2263222C385D5D2C2261746F6D73223A5B5D2C2273616D706C6573223A6E756C6C2C226578616374223A6E756C6C2C226578706563746174696F6E73223A7B7D2C226D65746164617461223A7B7D2C22726177223A6E756C6C7D');
CREATE TABLE runs (
	id VARCHAR NOT NULL, 
	started FLOAT NOT NULL, 
	host VARCHAR NOT NULL, 
	pid INTEGER NOT NULL, 
	sdk VARCHAR NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "runs" VALUES('b367a091a93b494b982aa41d9fe22a1b',1.7960559535517187119e+09,'vm',2080,'0.1.0');
CREATE TABLE submissions (
	"key" VARCHAR NOT NULL, 
	scope VARCHAR NOT NULL, 
	run VARCHAR NOT NULL, 
	state VARCHAR NOT NULL, 
	provider VARCHAR NOT NULL, 
	account VARCHAR NOT NULL, 
	target VARCHAR NOT NULL, 
	batch TEXT, 
	identity VARCHAR DEFAULT '' NOT NULL, 
	digest VARCHAR NOT NULL, 
	size INTEGER NOT NULL, 
	shots BIGINT NOT NULL, 
	first_sent FLOAT NOT NULL, 
	sent FLOAT NOT NULL, 
	PRIMARY KEY ("key")
);
INSERT INTO "submissions" VALUES('bc2b0919931049fd92ef498e90c16e42','run:b367a091a93b494b982aa41d9fe22a1b','b367a091a93b494b982aa41d9fe22a1b','accepted','fake','','one',NULL,'http://127.0.0.1:8001 project:a','2cf28a045ef1c03d7ce7d18b635a153bb5e367a913fc4ab15e4795ecca5bf2a6',1,2,1.79605595358236408238e+09,1.79605595358236408238e+09);
INSERT INTO "submissions" VALUES('6209328d0d4e4fec9d019ced87ffeed6','run:b367a091a93b494b982aa41d9fe22a1b','b367a091a93b494b982aa41d9fe22a1b','accepted','fake','','one',NULL,'http://127.0.0.1:8001 project:a','a5847da370e519bb6b798cc35d2c8fc279f49c898bdc06461665797c1b0e7dd6',1,3,1.79605595369747495651e+09,1.79605595369747495651e+09);
INSERT INTO "submissions" VALUES('f7658117bfdc4c6793c50a4f55b9538c','run:b367a091a93b494b982aa41d9fe22a1b','b367a091a93b494b982aa41d9fe22a1b','accepted','fake','','one',NULL,'http://127.0.0.1:8001 project:a','2bc5cbf807284245a89ddba637436946a92c8424e907b1277aa3e6ddaa6b5db3',1,4,1.79605595380920934674e+09,1.79605595380920934674e+09);
CREATE TABLE sweeps (
	name VARCHAR NOT NULL, 
	run VARCHAR NOT NULL, 
	program VARCHAR NOT NULL, 
	points VARCHAR NOT NULL, 
	size INTEGER NOT NULL, 
	shots BIGINT NOT NULL, 
	target VARCHAR NOT NULL, 
	options TEXT NOT NULL, 
	identity VARCHAR DEFAULT '' NOT NULL, 
	PRIMARY KEY (name)
);
CREATE INDEX ix_jobs_submission ON jobs (submission);
CREATE INDEX ix_jobs_sweep ON jobs (sweep) WHERE sweep IS NOT NULL;
CREATE INDEX ix_batches_state ON batches (state);
COMMIT;
