CREATE TABLE "synapscale_db"."agent_versions" (
	"agent_id" uuid NOT NULL,
	"version" integer NOT NULL,
	"workspace_id" uuid NOT NULL,
	"model" text NOT NULL,
	"fallback_models" text[] NOT NULL,
	"instructions" text NOT NULL,
	"personality" text,
	"temperature" double precision,
	"top_p" double precision,
	"max_tokens" integer,
	"tools" json NOT NULL,
	"memory" json NOT NULL,
	"limits" json NOT NULL,
	"output_schema" json,
	"created_by" uuid,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "agent_versions_agent_id_version_pk" PRIMARY KEY("agent_id","version")
);
--> statement-breakpoint
CREATE TABLE "synapscale_db"."agents" (
	"id" uuid PRIMARY KEY NOT NULL,
	"workspace_id" uuid NOT NULL,
	"slug" text NOT NULL,
	"name" text NOT NULL,
	"description" text,
	"agent_type" text,
	"tags" text[] NOT NULL,
	"status" text NOT NULL,
	"model" text NOT NULL,
	"fallback_models" text[] NOT NULL,
	"instructions" text NOT NULL,
	"personality" text,
	"temperature" double precision,
	"top_p" double precision,
	"max_tokens" integer,
	"tools" json NOT NULL,
	"memory" json NOT NULL,
	"limits" json NOT NULL,
	"output_schema" json,
	"version" integer NOT NULL,
	"created_by" uuid,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "synapscale_db"."chat_deletions" (
	"chat_id" uuid PRIMARY KEY NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "synapscale_db"."chat_messages" (
	"chat_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"workspace_id" uuid NOT NULL,
	"ordinal" integer NOT NULL,
	"rev" integer NOT NULL,
	"content" text NOT NULL,
	"body" json NOT NULL,
	"is_superseded" boolean NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "chat_messages_chat_id_id_pk" PRIMARY KEY("chat_id","id")
);
--> statement-breakpoint
CREATE TABLE "synapscale_db"."chats" (
	"id" uuid PRIMARY KEY NOT NULL,
	"workspace_id" uuid NOT NULL,
	"title" text,
	"agent_id" uuid,
	"visibility" text NOT NULL,
	"is_archived" boolean DEFAULT false NOT NULL,
	"created_by" uuid,
	"message_count" integer DEFAULT 0 NOT NULL,
	"last_message" json,
	"seq" integer DEFAULT 0 NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "synapscale_db"."message_feedback" (
	"chat_id" uuid NOT NULL,
	"message_id" uuid NOT NULL,
	"user_id" uuid NOT NULL,
	"workspace_id" uuid NOT NULL,
	"rating" text NOT NULL,
	"comment" text,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "message_feedback_message_id_user_id_pk" PRIMARY KEY("message_id","user_id")
);
--> statement-breakpoint
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
ALTER TABLE "synapscale_db"."agent_versions" ADD CONSTRAINT "agent_versions_agent_id_agents_id_fk" FOREIGN KEY ("agent_id") REFERENCES "synapscale_db"."agents"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "synapscale_db"."agents" ADD CONSTRAINT "agents_workspace_id_workspaces_id_fk" FOREIGN KEY ("workspace_id") REFERENCES "synapscale_db"."workspaces"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "synapscale_db"."chat_messages" ADD CONSTRAINT "chat_messages_chat_id_chats_id_fk" FOREIGN KEY ("chat_id") REFERENCES "synapscale_db"."chats"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "synapscale_db"."chats" ADD CONSTRAINT "chats_workspace_id_workspaces_id_fk" FOREIGN KEY ("workspace_id") REFERENCES "synapscale_db"."workspaces"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "synapscale_db"."chats" ADD CONSTRAINT "chats_created_by_users_id_fk" FOREIGN KEY ("created_by") REFERENCES "synapscale_db"."users"("id") ON DELETE set null ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "synapscale_db"."message_feedback" ADD CONSTRAINT "message_feedback_chat_id_chats_id_fk" FOREIGN KEY ("chat_id") REFERENCES "synapscale_db"."chats"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "synapscale_db"."message_feedback" ADD CONSTRAINT "message_feedback_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "synapscale_db"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "synapscale_db"."usage_ledger" ADD CONSTRAINT "usage_ledger_workspace_id_workspaces_id_fk" FOREIGN KEY ("workspace_id") REFERENCES "synapscale_db"."workspaces"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "agents_list_idx" ON "synapscale_db"."agents" USING btree ("workspace_id","created_at" DESC NULLS LAST,"id" DESC NULLS LAST);--> statement-breakpoint
CREATE UNIQUE INDEX "agents_slug_key" ON "synapscale_db"."agents" USING btree ("workspace_id","slug");--> statement-breakpoint
CREATE INDEX "chat_messages_list_idx" ON "synapscale_db"."chat_messages" USING btree ("chat_id","ordinal" DESC NULLS LAST);--> statement-breakpoint
CREATE INDEX "chats_list_idx" ON "synapscale_db"."chats" USING btree ("workspace_id","updated_at" DESC NULLS LAST,"id" DESC NULLS LAST);--> statement-breakpoint
CREATE INDEX "chats_creator_idx" ON "synapscale_db"."chats" USING btree ("created_by");--> statement-breakpoint
CREATE INDEX "message_feedback_chat_idx" ON "synapscale_db"."message_feedback" USING btree ("chat_id");--> statement-breakpoint
CREATE INDEX "usage_ledger_time_idx" ON "synapscale_db"."usage_ledger" USING btree ("workspace_id","at");--> statement-breakpoint
CREATE INDEX "usage_ledger_agent_idx" ON "synapscale_db"."usage_ledger" USING btree ("workspace_id","agent_id","at") WHERE "synapscale_db"."usage_ledger"."agent_id" is not null;