CREATE TABLE "synapscale_db"."execution_logs" (
	"execution_id" uuid PRIMARY KEY NOT NULL,
	"lines" text NOT NULL
);
--> statement-breakpoint
ALTER TABLE "synapscale_db"."execution_logs" ADD CONSTRAINT "execution_logs_execution_id_executions_id_fk" FOREIGN KEY ("execution_id") REFERENCES "synapscale_db"."executions"("id") ON DELETE cascade ON UPDATE no action;