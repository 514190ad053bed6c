-- A journal of format 2, as written while types were named by their modules: by `sqlite3.Connection.iterdump`.
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
INSERT INTO "batches" VALUES('bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb','run:a89b89385efa4ee1aa5e331ac2d577ef','a89b89385efa4ee1aa5e331ac2d577ef','open','fake','','one','batch-bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb','b',1.7960435706254074574e+09,'http://127.0.0.1:8001 project:a');
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
INSERT INTO "jobs" VALUES('a1157783d9d9489dba585041ca023bb0','287ae36e1f8645a99edf7b95feed7f67',0,'sweep:old','old',0,'fetched','ad6ae179a88993744b2d07017e0f99574d2c43284a831f577ae21d2a784e77b1',2,'{"x":0}','{"~":"data","of":"quantum_async.simulation.options:SimulationOptions","fields":{"seed":1,"observables":{"~":"tuple","items":[]},"tags":{"~":"tuple","items":[]},"emulation":null}}','["fake","job-0","one","a1157783d9d9489dba585041ca023bb0",0,null,""]',NULL,1.79604357059892272945e+09);
INSERT INTO "jobs" VALUES('003d01ddb02a489bad5d783023d1e207','d975d6d9841841f785c2d20c5ccfa600',0,'sweep:old','old',1,'fetched','ad6ae179a88993744b2d07017e0f99574d2c43284a831f577ae21d2a784e77b1',2,'{"x":1}','{"~":"data","of":"quantum_async.simulation.options:SimulationOptions","fields":{"seed":1,"observables":{"~":"tuple","items":[]},"tags":{"~":"tuple","items":[]},"emulation":null}}','["fake","job-1","one","003d01ddb02a489bad5d783023d1e207",0,null,""]',NULL,1.79604357060197663306e+09);
INSERT INTO "jobs" VALUES('48ec60a8877c4d6b99f1f3b14774a2ab','b6ed6a56848c45d7a0566a09ea9e35ca',0,'sweep:old','old',2,'accepted','ad6ae179a88993744b2d07017e0f99574d2c43284a831f577ae21d2a784e77b1',2,'{"x":2}','{"~":"data","of":"quantum_async.simulation.options:SimulationOptions","fields":{"seed":1,"observables":{"~":"tuple","items":[]},"tags":{"~":"tuple","items":[]},"emulation":null}}','["fake","job-2","one","48ec60a8877c4d6b99f1f3b14774a2ab",0,null,""]',NULL,1.79604357060939598088e+09);
INSERT INTO "jobs" VALUES('0d0b5202f8744a5092ddf7ffdb9ec370','19968f3ea2d14064a0ac28dde9b94a78',0,'sweep:old','old',3,'unknown','ad6ae179a88993744b2d07017e0f99574d2c43284a831f577ae21d2a784e77b1',2,'{"x":3}','{"~":"data","of":"quantum_async.simulation.options:SimulationOptions","fields":{"seed":1,"observables":{"~":"tuple","items":[]},"tags":{"~":"tuple","items":[]},"emulation":null}}',NULL,'{"v":1,"type":"SubmissionUnknownError","message":"the answer was lost","notes":[],"state":{"provider":"fake","job_id":null,"request_id":null,"key":"19968f3ea2d14064a0ac28dde9b94a78"}}',1.79604357061656737326e+09);
INSERT INTO "jobs" VALUES('8899c68b61194ebd9e475fec0c6c38e2','503dcaa1cf024ed099816f2cd197884a',0,'run:a89b89385efa4ee1aa5e331ac2d577ef',NULL,NULL,'accepted','ad6ae179a88993744b2d07017e0f99574d2c43284a831f577ae21d2a784e77b1',3,'{"x":3}','{"~":"data","of":"quantum_async.models.submission:RunOptions","fields":{"seed":null,"observables":{"~":"tuple","items":[]},"tags":{"~":"tuple","items":[]}}}','["fake","job-3","one","8899c68b61194ebd9e475fec0c6c38e2",0,null,""]',NULL,1.79604357061828875542e+09);
INSERT INTO "jobs" VALUES('19ccd34a48344598b477e1ca158f0bcb','eb9de042898140efa6435d5fd742df02',0,'run:a89b89385efa4ee1aa5e331ac2d577ef',NULL,NULL,'pending','ad6ae179a88993744b2d07017e0f99574d2c43284a831f577ae21d2a784e77b1',5,'{"x":5}','{"~":"data","of":"quantum_async.models.submission:RunOptions","fields":{"seed":null,"observables":{"~":"tuple","items":[]},"tags":{"~":"tuple","items":[]}}}',NULL,NULL,1.79604357062191081042e+09);
INSERT INTO "jobs" VALUES('1f21f2e5236149c0893049215033d172','d058572f25f849c0b5e4dbb76aec1135',0,'run:a89b89385efa4ee1aa5e331ac2d577ef',NULL,NULL,'pending','ad6ae179a88993744b2d07017e0f99574d2c43284a831f577ae21d2a784e77b1',6,'{"x":6}','{"~":"data","of":"quantum_async.models.submission:RunOptions","fields":{"seed":null,"observables":{"~":"tuple","items":[]},"tags":{"~":"tuple","items":[]}}}',NULL,NULL,1.79604357062313318253e+09);
INSERT INTO "jobs" VALUES('2ffca317aca4415590c9cd103ff1b520','83ac974353284004a6b35293913f423e',0,'run:a89b89385efa4ee1aa5e331ac2d577ef',NULL,NULL,'failed','ad6ae179a88993744b2d07017e0f99574d2c43284a831f577ae21d2a784e77b1',7,'{"x":7}','{"~":"data","of":"quantum_async.models.submission:RunOptions","fields":{"seed":null,"observables":{"~":"tuple","items":[]},"tags":{"~":"tuple","items":[]}}}','["fake","job-4","one","2ffca317aca4415590c9cd103ff1b520",0,null,""]','{"v":1,"type":"JobFailedError","message":"no luck","notes":[],"state":{"provider":"fake","job_id":"7","request_id":null}}',1.79604357062447881699e+09);
INSERT INTO "jobs" VALUES('767bc0ea9500453b9cb875db540dbb36','1314fda8d57c4109b24ba34d42939bc5',0,'run:a89b89385efa4ee1aa5e331ac2d577ef',NULL,NULL,'accepted','ad6ae179a88993744b2d07017e0f99574d2c43284a831f577ae21d2a784e77b1',8,'{"x":8}','{"~":"data","of":"quantum_async.models.submission:RunOptions","fields":{"seed":null,"observables":{"~":"tuple","items":[]},"tags":{"~":"tuple","items":[]}}}','["fake","job-5","one","767bc0ea9500453b9cb875db540dbb36",0,"batch-bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb",""]',NULL,1.79604357063209271435e+09);
INSERT INTO "jobs" VALUES('35321913f9724b319559a9fb31999f0d','e54fdd2b12844c2098dcb8bc056598b4',0,'run:a89b89385efa4ee1aa5e331ac2d577ef',NULL,NULL,'accepted','ad6ae179a88993744b2d07017e0f99574d2c43284a831f577ae21d2a784e77b1',9,'{"x":0}','{"~":"data","of":"quantum_async.models.submission:RunOptions","fields":{"seed":2,"observables":{"~":"tuple","items":["ZZ"]},"tags":{"~":"tuple","items":["a","b"]}}}','["fake","job-6","one","35321913f9724b319559a9fb31999f0d",0,null,""]',NULL,1.79604357063372850416e+09);
INSERT INTO "jobs" VALUES('b61ceca353b34671b664c59ce1e0ad3b','9f0057edbad841da90e1b643d29c315f',0,'run:a89b89385efa4ee1aa5e331ac2d577ef',NULL,NULL,'accepted','ad6ae179a88993744b2d07017e0f99574d2c43284a831f577ae21d2a784e77b1',9,'{"x":1}','{"~":"data","of":"quantum_async.models.submission:EmulationOptions","fields":{"seed":null,"observables":{"~":"tuple","items":[]},"tags":{"~":"tuple","items":[]},"emulation":"{}"}}','["fake","job-7","one","b61ceca353b34671b664c59ce1e0ad3b",0,null,""]',NULL,1.79604357063495302204e+09);
INSERT INTO "jobs" VALUES('88b37e03af8c480788d2852198f57960','74a98d4f0bba45a494f8e587ef653a5b',0,'run:a89b89385efa4ee1aa5e331ac2d577ef',NULL,NULL,'accepted','ad6ae179a88993744b2d07017e0f99574d2c43284a831f577ae21d2a784e77b1',9,'{"x":2}','{"~":"data","of":"quantum_async.simulation.options:SimulationOptions","fields":{"seed":3,"observables":{"~":"tuple","items":[]},"tags":{"~":"tuple","items":[]},"emulation":null}}','["fake","job-8","one","88b37e03af8c480788d2852198f57960",0,null,""]',NULL,1796043570.63605);
INSERT INTO "jobs" VALUES('1f2e6bafe31243c58878584c557679c6','cbd53ef8f9944767850c8168249eb31d',0,'run:a89b89385efa4ee1aa5e331ac2d577ef',NULL,NULL,'accepted','ad6ae179a88993744b2d07017e0f99574d2c43284a831f577ae21d2a784e77b1',9,'{"x":3}','{"~":"data","of":"quantum_async.providers.azure.options:AzureOptions","fields":{"seed":null,"observables":{"~":"tuple","items":[]},"tags":{"~":"tuple","items":[]},"emulation":null,"name":"","form":{"~":"enum","of":"quantum_async.providers.azure.options:CircuitForm","value":"native"},"priority":{"~":"enum","of":"quantum_async.providers.azure.wire:Priority","value":"High"},"params":{"~":"map","items":[["noise-model","aria-1"]]}}}','["fake","job-9","one","1f2e6bafe31243c58878584c557679c6",0,null,""]',NULL,1.79604357063713979724e+09);
INSERT INTO "jobs" VALUES('8278aab661ed49a288d4058b91574a7f','3da9a1298ab24d409d285e4fa1dbaac0',0,'run:a89b89385efa4ee1aa5e331ac2d577ef',NULL,NULL,'accepted','ad6ae179a88993744b2d07017e0f99574d2c43284a831f577ae21d2a784e77b1',9,'{"x":4}','{"~":"data","of":"quantum_async.providers.iqm.options:IQMOptions","fields":{"seed":null,"observables":{"~":"tuple","items":[]},"tags":{"~":"tuple","items":[]},"qubit_mapping":{"~":"tuple","items":[{"~":"tuple","items":["0","QB3"]}]},"calibration_set_id":null,"max_circuit_duration_over_t2":null,"heralding_mode":{"~":"enum","of":"quantum_async.providers.iqm.options:HeraldingMode","value":"zeros"},"move_validation":{"~":"enum","of":"quantum_async.providers.iqm.options:MoveValidation","value":"allow_prx"},"move_frame_tracking":{"~":"enum","of":"quantum_async.providers.iqm.options:MoveFrameTracking","value":"none"},"active_reset_cycles":null,"dynamical_decoupling":{"~":"data","of":"quantum_async.providers.iqm.options:DDStrategy","fields":{"sequences":{"~":"tuple","items":[{"~":"data","of":"quantum_async.providers.iqm.options:DDSequence","fields":{"length":4,"gates":{"~":"tuple","items":[{"~":"tuple","items":[0.5,0.25]}]},"placement":"asap"}}]},"merge_contiguous_waits":true,"target_qubits":{"~":"tuple","items":["QB1"]},"skip_leading_wait":true,"skip_trailing_wait":true}},"use_timeslot":false,"transpile":false,"optimization_level":1,"custom_settings":null,"checked":true}}','["fake","job-10","one","8278aab661ed49a288d4058b91574a7f",0,null,""]',NULL,1.7960435706383025646e+09);
INSERT INTO "jobs" VALUES('217149c9aa9147fdb91f906e27ad82b1','adb87af521004c2abc773a7b74843f72',0,'run:a89b89385efa4ee1aa5e331ac2d577ef',NULL,NULL,'accepted','ad6ae179a88993744b2d07017e0f99574d2c43284a831f577ae21d2a784e77b1',9,'{"x":5}','{"~":"data","of":"quantum_async.providers.qoro.options:QoroOptions","fields":{"seed":null,"observables":{"~":"tuple","items":[]},"tags":{"~":"tuple","items":[]},"use_packing":null,"maestro":{"~":"data","of":"quantum_async.providers.qoro.configs:MaestroConfig","fields":{"simulator":null,"simulation_method":{"~":"enum","of":"quantum_async.providers.qoro.configs:SimulationMethod","value":1},"max_bond_dimension":null,"singular_value_threshold":null,"seed":null,"noise_realizations":null,"noise_seed":null,"more":null}},"execution":null,"device":null}}','["fake","job-11","one","217149c9aa9147fdb91f906e27ad82b1",0,null,""]',NULL,1.79604357063941073415e+09);
INSERT INTO "jobs" VALUES('a62004f066994cd4a3f763c1a53e6586','96078e925bac4968b22093b61fbfad64',0,'run:a89b89385efa4ee1aa5e331ac2d577ef',NULL,NULL,'accepted','ad6ae179a88993744b2d07017e0f99574d2c43284a831f577ae21d2a784e77b1',9,'{"x":6}','{"~":"data","of":"quantum_async.providers.qoro.options:QoroOptions","fields":{"seed":null,"observables":{"~":"tuple","items":[]},"tags":{"~":"tuple","items":[]},"use_packing":null,"maestro":null,"execution":{"~":"data","of":"quantum_async.providers.qoro.configs:ExecutionConfig","fields":{"bond_dimension":null,"truncation_threshold":null,"simulator":{"~":"enum","of":"quantum_async.providers.qoro.configs:Simulator","value":1},"simulation_method":null,"noisy_device":null,"noise_realizations":null,"noise_scaling_factor":null,"api_meta":{"~":"map","items":[["optimization_level",2]]}}},"device":null}}','["fake","job-12","one","a62004f066994cd4a3f763c1a53e6586",0,null,""]',NULL,1.79604357064047479627e+09);
INSERT INTO "jobs" VALUES('0b78090f4531415aa5d33e8d53fb6c68','210096cf8ab748bbb3aad1e5d5d724c0',0,'run:a89b89385efa4ee1aa5e331ac2d577ef',NULL,NULL,'accepted','ad6ae179a88993744b2d07017e0f99574d2c43284a831f577ae21d2a784e77b1',9,'{"x":7}','{"~":"data","of":"quantum_async.providers.qoro.options:QoroOptions","fields":{"seed":null,"observables":{"~":"tuple","items":[]},"tags":{"~":"tuple","items":[]},"use_packing":true,"maestro":null,"execution":null,"device":{"~":"data","of":"quantum_async.providers.qoro.configs:DeviceConfig","fields":{"settings":{"~":"map","items":[]}}}}}','["fake","job-13","one","0b78090f4531415aa5d33e8d53fb6c68",0,null,""]',NULL,1.79604357064273142813e+09);
INSERT INTO "jobs" VALUES('e2b61ca430024c68b7da3b31f5742018','68cf88fe3032464dbb06a3d42ad25c6a',0,'run:a89b89385efa4ee1aa5e331ac2d577ef',NULL,NULL,'accepted','ad6ae179a88993744b2d07017e0f99574d2c43284a831f577ae21d2a784e77b1',9,'{"x":8}','{"~":"data","of":"quantum_async.providers.pasqal.options:PasqalOptions","fields":{"seed":null,"observables":{"~":"tuple","items":[]},"tags":{"~":"tuple","items":["rabi"]},"emulation":null,"configuration":{"~":"data","of":"quantum_async.providers.pasqal.emulators:EmuFreeConfig","fields":{"strict_validation":false,"result_types":null,"extra":{"~":"map","items":[]},"with_noise":true}},"device_type":null,"webhook":null}}','["fake","job-14","one","e2b61ca430024c68b7da3b31f5742018",0,null,""]',NULL,1.79604357064404654507e+09);
INSERT INTO "jobs" VALUES('f7dbbf875e5043fc914d9b826a491138','06a21141928c4f4f93253d34b5f59875',0,'run:a89b89385efa4ee1aa5e331ac2d577ef',NULL,NULL,'accepted','ad6ae179a88993744b2d07017e0f99574d2c43284a831f577ae21d2a784e77b1',9,'{"x":9}','{"~":"data","of":"quantum_async.providers.pasqal.options:PasqalOptions","fields":{"seed":null,"observables":{"~":"tuple","items":[]},"tags":{"~":"tuple","items":[]},"emulation":null,"configuration":{"~":"data","of":"quantum_async.providers.pasqal.emulators:EmuTNConfig","fields":{"strict_validation":false,"result_types":null,"extra":{"~":"map","items":[]},"dt":10.0,"precision":"normal","max_bond_dim":500}},"device_type":"EMU_TN","webhook":null}}','["fake","job-15","one","f7dbbf875e5043fc914d9b826a491138",0,null,""]',NULL,1.79604357064509749411e+09);
INSERT INTO "jobs" VALUES('f9f2a1a79a074ae9a7eefe8bba399ab4','b5bdb5f145574531a1b50469ccfdec65',0,'run:a89b89385efa4ee1aa5e331ac2d577ef',NULL,NULL,'accepted','ad6ae179a88993744b2d07017e0f99574d2c43284a831f577ae21d2a784e77b1',9,'{"x":10}','{"~":"data","of":"quantum_async.providers.pasqal.options:PasqalOptions","fields":{"seed":null,"observables":{"~":"tuple","items":[]},"tags":{"~":"tuple","items":[]},"emulation":null,"configuration":{"~":"data","of":"quantum_async.providers.pasqal.emulators:EmuFresnelConfig","fields":{"strict_validation":false,"result_types":null,"extra":{"~":"map","items":[]}}},"device_type":null,"webhook":null}}','["fake","job-16","one","f9f2a1a79a074ae9a7eefe8bba399ab4",0,null,""]',NULL,1.79604357064634537698e+09);
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
INSERT INTO "leases" VALUES('run:a89b89385efa4ee1aa5e331ac2d577ef','a89b89385efa4ee1aa5e331ac2d577ef','elsewhere',21432,'1306358',1,0.0);
INSERT INTO "leases" VALUES('sweep:old','a89b89385efa4ee1aa5e331ac2d577ef','elsewhere',21432,'1306358',1,0.0);
CREATE TABLE ledger (
	id INTEGER NOT NULL, 
	jobs BIGINT NOT NULL, 
	shots BIGINT NOT NULL, 
	credits FLOAT NOT NULL, 
	cost FLOAT NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "ledger" VALUES(1,20,136,0.0,0.0);
CREATE TABLE meta (
	"key" VARCHAR NOT NULL, 
	value TEXT NOT NULL, 
	PRIMARY KEY ("key")
);
INSERT INTO "meta" VALUES('format','2');
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
INSERT INTO "results" VALUES('a1157783d9d9489dba585041ca023bb0',X'7B2276223A312C22636F756E7473223A7B223030303030303030223A327D2C2273686F7473223A322C226269745F6F72646572223A227169736B6974222C22726567697374657273223A5B5B2263222C385D5D2C2261746F6D73223A5B5D2C2273616D706C6573223A6E756C6C2C226578616374223A6E756C6C2C226578706563746174696F6E73223A7B7D2C226D65746164617461223A7B7D2C22726177223A6E756C6C7D');
INSERT INTO "results" VALUES('003d01ddb02a489bad5d783023d1e207',X'7B2276223A312C22636F756E7473223A7B223030303030303031223A327D2C2273686F7473223A322C226269745F6F72646572223A227169736B6974222C22726567697374657273223A5B5B2263222C385D5D2C2261746F6D73223A5B5D2C2273616D706C6573223A6E756C6C2C226578616374223A6E756C6C2C226578706563746174696F6E73223A7B7D2C226D65746164617461223A7B7D2C22726177223A6E756C6C7D');
CREATE TABLE runs (
	id VARCHAR NOT NULL, 
	started FLOAT NOT NULL, 
	host VARCHAR NOT NULL, 
	pid INTEGER NOT NULL, 
	sdk VARCHAR NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "runs" VALUES('a89b89385efa4ee1aa5e331ac2d577ef',1.79604357058825469021e+09,'vm',21432,'0.1.0');
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
INSERT INTO "submissions" VALUES('287ae36e1f8645a99edf7b95feed7f67','sweep:old','a89b89385efa4ee1aa5e331ac2d577ef','accepted','fake','','one',NULL,'http://127.0.0.1:8001 project:a','9eaa0b8ba555d0b04eea757a7a1e2126e0d1051cb25290c8dd98e453ab4d4ef0',1,2,1.79604357059892272945e+09,1.79604357059892272945e+09);
INSERT INTO "submissions" VALUES('d975d6d9841841f785c2d20c5ccfa600','sweep:old','a89b89385efa4ee1aa5e331ac2d577ef','accepted','fake','','one',NULL,'http://127.0.0.1:8001 project:a','9fca8ff77f9771d669d582508d3cfdb209df1310d397080d87df367e47684489',1,2,1.79604357060197663306e+09,1.79604357060197663306e+09);
INSERT INTO "submissions" VALUES('b6ed6a56848c45d7a0566a09ea9e35ca','sweep:old','a89b89385efa4ee1aa5e331ac2d577ef','accepted','fake','','one',NULL,'http://127.0.0.1:8001 project:a','6ed125532fb586faf8eb7157c3e187613a6c09498164ccd1cf67585aba519434',1,2,1.79604357060939598088e+09,1.79604357060939598088e+09);
INSERT INTO "submissions" VALUES('19968f3ea2d14064a0ac28dde9b94a78','sweep:old','a89b89385efa4ee1aa5e331ac2d577ef','unknown','fake','','one',NULL,'http://127.0.0.1:8001 project:a','ab4695cf4c7b1c91d60ac1909a32cb315171f91bfdde5cee747f539feb472b48',1,2,1.79604357061656737326e+09,1.79604357061656737326e+09);
INSERT INTO "submissions" VALUES('503dcaa1cf024ed099816f2cd197884a','run:a89b89385efa4ee1aa5e331ac2d577ef','a89b89385efa4ee1aa5e331ac2d577ef','accepted','fake','','one',NULL,'http://127.0.0.1:8001 project:a','17db3891a7fc63af7da94a2c628c16abe15977d589fc45eb9bc4054da00b314f',1,3,1.79604357061828875542e+09,1.79604357061828875542e+09);
INSERT INTO "submissions" VALUES('eb9de042898140efa6435d5fd742df02','run:a89b89385efa4ee1aa5e331ac2d577ef','a89b89385efa4ee1aa5e331ac2d577ef','sending','fake','','one',NULL,'http://127.0.0.1:8001 project:a','175ef52ee304f877a0c3d467a39110c3b0bc21c9433fb01debe7a068af1dd321',1,5,1.79604357062191081042e+09,1.79604357062191081042e+09);
INSERT INTO "submissions" VALUES('d058572f25f849c0b5e4dbb76aec1135','run:a89b89385efa4ee1aa5e331ac2d577ef','a89b89385efa4ee1aa5e331ac2d577ef','intended','fake','','one',NULL,'http://127.0.0.1:8001 project:a','83a4a43deea15b9caf56ed9ebb6ae37366db633037680d832f27aa9b59ce55ac',1,6,1.79604357062313318253e+09,1.79604357062313318253e+09);
INSERT INTO "submissions" VALUES('83ac974353284004a6b35293913f423e','run:a89b89385efa4ee1aa5e331ac2d577ef','a89b89385efa4ee1aa5e331ac2d577ef','accepted','fake','','one',NULL,'http://127.0.0.1:8001 project:a','a3ad7f5c8eb4b65350fe415649666508565fe098ceb2e4400e9ae607ac28a289',1,7,1.79604357062447881699e+09,1.79604357062447881699e+09);
INSERT INTO "submissions" VALUES('1314fda8d57c4109b24ba34d42939bc5','run:a89b89385efa4ee1aa5e331ac2d577ef','a89b89385efa4ee1aa5e331ac2d577ef','accepted','fake','','one','{"~":"data","of":"quantum_async.models.batch:BatchRef","fields":{"provider":"fake","id":"batch-bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb","target":"one","key":"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb","account":""}}','http://127.0.0.1:8001 project:a','b72a0432e00e21d932934385769bf8332775a9f308a0ff0edf6919f9f03b3875',1,8,1.79604357063209271435e+09,1.79604357063209271435e+09);
INSERT INTO "submissions" VALUES('e54fdd2b12844c2098dcb8bc056598b4','run:a89b89385efa4ee1aa5e331ac2d577ef','a89b89385efa4ee1aa5e331ac2d577ef','accepted','fake','','one',NULL,'http://127.0.0.1:8001 project:a','f80a1012e24d339d7c4f17658fbd84e56094e7803d0d46b8c6e62c51e31c0c6c',1,9,1.79604357063372850416e+09,1.79604357063372850416e+09);
INSERT INTO "submissions" VALUES('9f0057edbad841da90e1b643d29c315f','run:a89b89385efa4ee1aa5e331ac2d577ef','a89b89385efa4ee1aa5e331ac2d577ef','accepted','fake','','one',NULL,'http://127.0.0.1:8001 project:a','3f081853a728c922868e6b6fdd30ba1bbaed2d0e8956f4163016dfbf41bd68d8',1,9,1.79604357063495302204e+09,1.79604357063495302204e+09);
INSERT INTO "submissions" VALUES('74a98d4f0bba45a494f8e587ef653a5b','run:a89b89385efa4ee1aa5e331ac2d577ef','a89b89385efa4ee1aa5e331ac2d577ef','accepted','fake','','one',NULL,'http://127.0.0.1:8001 project:a','f679786b47810c6c6e20c10adee88f1ffb2516ec811a795238f5823f212698be',1,9,1796043570.63605,1796043570.63605);
INSERT INTO "submissions" VALUES('cbd53ef8f9944767850c8168249eb31d','run:a89b89385efa4ee1aa5e331ac2d577ef','a89b89385efa4ee1aa5e331ac2d577ef','accepted','fake','','one',NULL,'http://127.0.0.1:8001 project:a','9fae6d0cbf77c565fd1f1154ee266549fd78c9116745636d1e6765344b73f6df',1,9,1.79604357063713979724e+09,1.79604357063713979724e+09);
INSERT INTO "submissions" VALUES('3da9a1298ab24d409d285e4fa1dbaac0','run:a89b89385efa4ee1aa5e331ac2d577ef','a89b89385efa4ee1aa5e331ac2d577ef','accepted','fake','','one',NULL,'http://127.0.0.1:8001 project:a','9f503231f6187f96e006099448ac7563b8d5c01f01452905665e285169de50d6',1,9,1.7960435706383025646e+09,1.7960435706383025646e+09);
INSERT INTO "submissions" VALUES('adb87af521004c2abc773a7b74843f72','run:a89b89385efa4ee1aa5e331ac2d577ef','a89b89385efa4ee1aa5e331ac2d577ef','accepted','fake','','one',NULL,'http://127.0.0.1:8001 project:a','4929708e7d29a0d54f3f7b1891762ecfdf5a529bcdcbb6619e3687ffc3cce9f9',1,9,1.79604357063941073415e+09,1.79604357063941073415e+09);
INSERT INTO "submissions" VALUES('96078e925bac4968b22093b61fbfad64','run:a89b89385efa4ee1aa5e331ac2d577ef','a89b89385efa4ee1aa5e331ac2d577ef','accepted','fake','','one',NULL,'http://127.0.0.1:8001 project:a','2980a3adbe29ed887dd97878b2ea806e7987d54d781b21273aa6c6271cd9562a',1,9,1.79604357064047479627e+09,1.79604357064047479627e+09);
INSERT INTO "submissions" VALUES('210096cf8ab748bbb3aad1e5d5d724c0','run:a89b89385efa4ee1aa5e331ac2d577ef','a89b89385efa4ee1aa5e331ac2d577ef','accepted','fake','','one',NULL,'http://127.0.0.1:8001 project:a','5d89943ce137a23647316df01548b3b0984f9682528f7c57b00cfa768f28f64f',1,9,1.79604357064273142813e+09,1.79604357064273142813e+09);
INSERT INTO "submissions" VALUES('68cf88fe3032464dbb06a3d42ad25c6a','run:a89b89385efa4ee1aa5e331ac2d577ef','a89b89385efa4ee1aa5e331ac2d577ef','accepted','fake','','one',NULL,'http://127.0.0.1:8001 project:a','fae38fd4ccb93dad5dc97f340f263268453e4d9f4f51f5d5dee157535adfb686',1,9,1.79604357064404654507e+09,1.79604357064404654507e+09);
INSERT INTO "submissions" VALUES('06a21141928c4f4f93253d34b5f59875','run:a89b89385efa4ee1aa5e331ac2d577ef','a89b89385efa4ee1aa5e331ac2d577ef','accepted','fake','','one',NULL,'http://127.0.0.1:8001 project:a','830fe89d3208e4a6a8e48a6d49c2f0864d462ea2fa8a498e8feb028402b51c43',1,9,1.79604357064509749411e+09,1.79604357064509749411e+09);
INSERT INTO "submissions" VALUES('b5bdb5f145574531a1b50469ccfdec65','run:a89b89385efa4ee1aa5e331ac2d577ef','a89b89385efa4ee1aa5e331ac2d577ef','accepted','fake','','one',NULL,'http://127.0.0.1:8001 project:a','13b6ed7a7c811b8683c2914a51e04d5d005b537ef1b379ffd1d1d2cd8a3405b0',1,9,1.79604357064634537698e+09,1.79604357064634537698e+09);
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
INSERT INTO "sweeps" VALUES('old','a89b89385efa4ee1aa5e331ac2d577ef','ad6ae179a88993744b2d07017e0f99574d2c43284a831f577ae21d2a784e77b1','1f3c04cdc0f03c8ae083745782ff5685f9f7d656452a920669148993406b35c7',4,2,'fake:one','{"~":"data","of":"quantum_async.simulation.options:SimulationOptions","fields":{"seed":1,"observables":{"~":"tuple","items":[]},"tags":{"~":"tuple","items":[]},"emulation":null}}','http://127.0.0.1:8001 project:a');
CREATE INDEX ix_jobs_submission ON jobs (submission);
CREATE INDEX ix_jobs_sweep ON jobs (sweep) WHERE sweep IS NOT NULL;
CREATE INDEX ix_batches_state ON batches (state);
COMMIT;
