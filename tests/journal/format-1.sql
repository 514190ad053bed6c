-- A journal of format 1, as written before 'identity' was kept: by `sqlite3.Connection.iterdump`.
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
	PRIMARY KEY ("key")
);
INSERT INTO "batches" VALUES('e93f89bdfb284942b3d18f99b9d96562','run:5c6c38695bcd42e2bcb09ad782ea6ca4','5c6c38695bcd42e2bcb09ad782ea6ca4','open','fake','','one','batch-e93f89bdfb284942b3d18f99b9d96562','b',1.79603199872402882579e+09);
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
INSERT INTO "jobs" VALUES('0ea6e8da51f14de3ac9e1bd8c402476a','746e95a449de4f8baa6b83d081eedb9b',0,'sweep:old','old',0,'fetched','ad6ae179a88993744b2d07017e0f99574d2c43284a831f577ae21d2a784e77b1',2,'{"x":0}','{"~":"data","of":"quantum_async.models.submission:RunOptions","fields":{"seed":1,"observables":{"~":"tuple","items":[]},"tags":{"~":"tuple","items":[]}}}','["fake","job-0","one","0ea6e8da51f14de3ac9e1bd8c402476a",0,"746e95a449de4f8baa6b83d081eedb9b",""]',NULL,1.79603199865960621835e+09);
INSERT INTO "jobs" VALUES('54e814b3d0da4c6097f5348dc44e873b','d6658bf21564405090f6837d89c5304c',0,'sweep:old','old',1,'fetched','ad6ae179a88993744b2d07017e0f99574d2c43284a831f577ae21d2a784e77b1',2,'{"x":1}','{"~":"data","of":"quantum_async.models.submission:RunOptions","fields":{"seed":1,"observables":{"~":"tuple","items":[]},"tags":{"~":"tuple","items":[]}}}','["fake","job-1","one","54e814b3d0da4c6097f5348dc44e873b",0,"d6658bf21564405090f6837d89c5304c",""]',NULL,1.79603199865960621835e+09);
INSERT INTO "jobs" VALUES('33f46f2bf8d448ebb86c2e0da4839119','ce91cf855a954019b9c1706aef44ea1d',0,'sweep:old','old',2,'accepted','ad6ae179a88993744b2d07017e0f99574d2c43284a831f577ae21d2a784e77b1',2,'{"x":2}','{"~":"data","of":"quantum_async.models.submission:RunOptions","fields":{"seed":1,"observables":{"~":"tuple","items":[]},"tags":{"~":"tuple","items":[]}}}','["fake","job-2","one","33f46f2bf8d448ebb86c2e0da4839119",0,"ce91cf855a954019b9c1706aef44ea1d",""]',NULL,1.79603199865960621835e+09);
INSERT INTO "jobs" VALUES('7af6ac3f1f3946208e17b7a824430efd','b2bfdcf3108b438eb740d57c66ee5d60',0,'sweep:old','old',3,'accepted','ad6ae179a88993744b2d07017e0f99574d2c43284a831f577ae21d2a784e77b1',2,'{"x":3}','{"~":"data","of":"quantum_async.models.submission:RunOptions","fields":{"seed":1,"observables":{"~":"tuple","items":[]},"tags":{"~":"tuple","items":[]}}}','["fake","job-3","one","7af6ac3f1f3946208e17b7a824430efd",0,"b2bfdcf3108b438eb740d57c66ee5d60",""]',NULL,1.79603199865960621835e+09);
INSERT INTO "jobs" VALUES('b5794ee83b4849cdbf572020df5f91f8','f01120f392cd412398c49b7d66aeb39a',0,'run:5c6c38695bcd42e2bcb09ad782ea6ca4',NULL,NULL,'accepted','ad6ae179a88993744b2d07017e0f99574d2c43284a831f577ae21d2a784e77b1',3,'{"x":7}','{"~":"data","of":"quantum_async.models.submission:RunOptions","fields":{"seed":null,"observables":{"~":"tuple","items":[]},"tags":{"~":"tuple","items":[]}}}','["fake","job-4","one","b5794ee83b4849cdbf572020df5f91f8",0,"f01120f392cd412398c49b7d66aeb39a",""]',NULL,1.79603199870589876172e+09);
INSERT INTO "jobs" VALUES('03ef848f5fbd4f5c807bdc5e1f853a37','7116c8a4d40b4bdabbb8c2a62e39172c',0,'run:5c6c38695bcd42e2bcb09ad782ea6ca4',NULL,NULL,'pending','ad6ae179a88993744b2d07017e0f99574d2c43284a831f577ae21d2a784e77b1',5,'{"x":9}','{"~":"data","of":"quantum_async.models.submission:RunOptions","fields":{"seed":null,"observables":{"~":"tuple","items":[]},"tags":{"~":"tuple","items":[]}}}',NULL,NULL,1.79603199923440957075e+09);
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
INSERT INTO "leases" VALUES('run:5c6c38695bcd42e2bcb09ad782ea6ca4','5c6c38695bcd42e2bcb09ad782ea6ca4','elsewhere',26235,'148873',1,0.0);
INSERT INTO "leases" VALUES('sweep:old','5c6c38695bcd42e2bcb09ad782ea6ca4','elsewhere',26235,'148873',1,0.0);
CREATE TABLE ledger (
	id INTEGER NOT NULL, 
	jobs BIGINT NOT NULL, 
	shots BIGINT NOT NULL, 
	credits FLOAT NOT NULL, 
	cost FLOAT NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "ledger" VALUES(1,6,16,0.0,0.0);
CREATE TABLE meta (
	"key" VARCHAR NOT NULL, 
	value TEXT NOT NULL, 
	PRIMARY KEY ("key")
);
INSERT INTO "meta" VALUES('format','1');
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
INSERT INTO "results" VALUES('0ea6e8da51f14de3ac9e1bd8c402476a',X'7B2276223A312C22636F756E7473223A7B223030303030303030223A327D2C2273686F7473223A322C226269745F6F72646572223A227169736B6974222C22726567697374657273223A5B5B2263222C385D5D2C2261746F6D73223A5B5D2C2273616D706C6573223A6E756C6C2C226578616374223A6E756C6C2C226578706563746174696F6E73223A7B7D2C226D65746164617461223A7B7D2C22726177223A6E756C6C7D');
INSERT INTO "results" VALUES('54e814b3d0da4c6097f5348dc44e873b',X'7B2276223A312C22636F756E7473223A7B223030303030303031223A327D2C2273686F7473223A322C226269745F6F72646572223A227169736B6974222C22726567697374657273223A5B5B2263222C385D5D2C2261746F6D73223A5B5D2C2273616D706C6573223A6E756C6C2C226578616374223A6E756C6C2C226578706563746174696F6E73223A7B7D2C226D65746164617461223A7B7D2C22726177223A6E756C6C7D');
CREATE TABLE runs (
	id VARCHAR NOT NULL, 
	started FLOAT NOT NULL, 
	host VARCHAR NOT NULL, 
	pid INTEGER NOT NULL, 
	sdk VARCHAR NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "runs" VALUES('5c6c38695bcd42e2bcb09ad782ea6ca4',1.79603199861622142789e+09,'vm',26235,'0.1.0');
CREATE TABLE submissions (
	"key" VARCHAR NOT NULL, 
	scope VARCHAR NOT NULL, 
	run VARCHAR NOT NULL, 
	state VARCHAR NOT NULL, 
	provider VARCHAR NOT NULL, 
	account VARCHAR NOT NULL, 
	target VARCHAR NOT NULL, 
	batch TEXT, 
	digest VARCHAR NOT NULL, 
	size INTEGER NOT NULL, 
	shots BIGINT NOT NULL, 
	first_sent FLOAT NOT NULL, 
	sent FLOAT NOT NULL, 
	PRIMARY KEY ("key")
);
INSERT INTO "submissions" VALUES('746e95a449de4f8baa6b83d081eedb9b','sweep:old','5c6c38695bcd42e2bcb09ad782ea6ca4','accepted','fake','','one',NULL,'2cb5c68929280ecd0e6c7f4ba1f97c353b0c8a98fd47b1caa66fd18973363ad2',1,2,1.79603199865960621835e+09,1.79603199865960621835e+09);
INSERT INTO "submissions" VALUES('d6658bf21564405090f6837d89c5304c','sweep:old','5c6c38695bcd42e2bcb09ad782ea6ca4','accepted','fake','','one',NULL,'f78572371275d6184183efdcf24e941a2d00b3a151b6f0e95966dffdf40858e2',1,2,1.79603199865960621835e+09,1.79603199865960621835e+09);
INSERT INTO "submissions" VALUES('ce91cf855a954019b9c1706aef44ea1d','sweep:old','5c6c38695bcd42e2bcb09ad782ea6ca4','accepted','fake','','one',NULL,'b688be126f3b4938fd32528fadf06a9c2c129fd18f478cb86015910ecf650165',1,2,1.79603199865960621835e+09,1.79603199865960621835e+09);
INSERT INTO "submissions" VALUES('b2bfdcf3108b438eb740d57c66ee5d60','sweep:old','5c6c38695bcd42e2bcb09ad782ea6ca4','accepted','fake','','one',NULL,'335d51d4c2a0ffcc236c4bd26eb65a2e56476a3999f3c70ec8ee74627a9facc0',1,2,1.79603199865960621835e+09,1.79603199865960621835e+09);
INSERT INTO "submissions" VALUES('f01120f392cd412398c49b7d66aeb39a','run:5c6c38695bcd42e2bcb09ad782ea6ca4','5c6c38695bcd42e2bcb09ad782ea6ca4','accepted','fake','','one',NULL,'391705ff33668a453b65f6345fc0707c2763e15e07f8d834e4e2ba8da437489c',1,3,1.79603199870589876172e+09,1.79603199870589876172e+09);
INSERT INTO "submissions" VALUES('7116c8a4d40b4bdabbb8c2a62e39172c','run:5c6c38695bcd42e2bcb09ad782ea6ca4','5c6c38695bcd42e2bcb09ad782ea6ca4','sending','fake','','one',NULL,'932fbf1a02de9ee1f562d3a3975303ec780ff413620ff730837dddb7dac8d35e',1,5,1.79603199923440957075e+09,1.79603199923440957075e+09);
CREATE TABLE sweeps (
	name VARCHAR NOT NULL, 
	run VARCHAR NOT NULL, 
	program VARCHAR NOT NULL, 
	points VARCHAR NOT NULL, 
	size INTEGER NOT NULL, 
	shots BIGINT NOT NULL, 
	target VARCHAR NOT NULL, 
	options TEXT NOT NULL, 
	PRIMARY KEY (name)
);
INSERT INTO "sweeps" VALUES('old','5c6c38695bcd42e2bcb09ad782ea6ca4','ad6ae179a88993744b2d07017e0f99574d2c43284a831f577ae21d2a784e77b1','1f3c04cdc0f03c8ae083745782ff5685f9f7d656452a920669148993406b35c7',4,2,'fake:one','{"~":"data","of":"quantum_async.models.submission:RunOptions","fields":{"seed":1,"observables":{"~":"tuple","items":[]},"tags":{"~":"tuple","items":[]}}}');
CREATE INDEX ix_jobs_sweep ON jobs (sweep) WHERE sweep IS NOT NULL;
CREATE INDEX ix_jobs_submission ON jobs (submission);
CREATE INDEX ix_batches_state ON batches (state);
COMMIT;
