CREATE TABLE "synapscale_db"."usage_ledger" (
	"id" uuid PRIMARY KEY NOT NULL,
	"workspace_id" uuid NOT NULL,
	"user_id" uuid,
	"kind" text NOT NULL,
	"provider" text NOT NULL,
	"model" text NOT NULL,
	"source" text NOT NULL,
	"execution_id" uuid,
	"node_id" text,
	"chat_id" uuid,
	"agent_id" uuid,
	"input_tokens" bigint NOT NULL,
	"output_tokens" bigint NOT NULL,
	"cost" numeric(18, 9),
	"at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
ALTER TABLE "synapscale_db"."usage_ledger" ADD CONSTRAINT "usage_ledger_workspace_id_workspaces_id_fk" FOREIGN KEY ("workspace_id") REFERENCES "synapscale_db"."workspaces"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "usage_ledger_time_idx" ON "synapscale_db"."usage_ledger" USING btree ("workspace_id","at");--> statement-breakpoint
CREATE INDEX "usage_ledger_agent_idx" ON "synapscale_db"."usage_ledger" USING btree ("workspace_id","agent_id","at") WHERE "synapscale_db"."usage_ledger"."agent_id" is not null;