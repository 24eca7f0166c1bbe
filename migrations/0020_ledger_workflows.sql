-- What the models of executions took that are still there: by which workflow.
UPDATE "synapscale_db"."usage_ledger" AS "l"
SET "workflow_id" = "e"."workflow_id"
FROM "synapscale_db"."executions" AS "e"
WHERE "e"."id" = "l"."execution_id" AND "l"."workflow_id" IS NULL;
