-- What has been recorded stays as it is. Retention alone deletes, in a transaction that says so.
CREATE FUNCTION "synapscale_db"."refuse_audit_change"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' AND current_setting('synapscale.retention', true) = 'on' THEN
    RETURN OLD;
  END IF;
  RAISE EXCEPTION 'the audit log is append-only' USING ERRCODE = 'insufficient_privilege';
END
$$;--> statement-breakpoint
CREATE TRIGGER "audit_log_append_only" BEFORE UPDATE OR DELETE ON "synapscale_db"."audit_log"
  FOR EACH ROW EXECUTE FUNCTION "synapscale_db"."refuse_audit_change"();--> statement-breakpoint
CREATE TRIGGER "audit_log_no_truncate" BEFORE TRUNCATE ON "synapscale_db"."audit_log"
  FOR EACH STATEMENT EXECUTE FUNCTION "synapscale_db"."refuse_audit_change"();
