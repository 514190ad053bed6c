"""The journal: the durable record of intents, jobs, batches and results."""
